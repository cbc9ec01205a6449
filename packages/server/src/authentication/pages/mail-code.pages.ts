import { fillHtml, type Says } from '../languages/say.ts'
import { html } from './html.ts'
import { button, field, hidden, notice, type Page } from './layout.ts'
import type { FormState } from './sign-in.pages.ts'

/** Where the code of a letter is typed. The one answer, whether or not a letter was sent. */
export const mailCodePage =
  (it: { form: FormState; login: string; back: string; wrong?: Says | undefined }): Page =>
  ({ t }) => ({
    title: t.mailCode.title,
    body: html`<h1>${t.mailCode.heading}</h1>
<p class="lead">${fillHtml(t.mailCode.lead, { login: html`<b><bdi>${it.login}</bdi></b>` })}</p>
${it.wrong && notice('wrong', it.wrong(t))}
<form method="post" action="/sign-in/email">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${field(t, { name: 'code', label: t.mailCode.code, autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 12, focus: true, code: true })}
${button(t.common.continue)}
</form>
<form method="post" action="/sign-in/email/send">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${button(t.mailCode.again, 'quiet')}
</form>
<p class="after"><a href="${it.back}">${t.mailCode.back}</a></p>`,
  })

/** Where the link of a letter leads: nothing happens before the form is sent by the browser that asked. */
export const mailLinkPage =
  (it: { form: FormState; wrong?: Says | undefined }): Page =>
  ({ t }) => ({
    title: t.mailCode.title,
    scripts: it.wrong === undefined ? ['fragment'] : [],
    body: html`<h1>${t.mailCode.linkHeading}</h1>
<p class="lead">${t.mailCode.linkLead}</p>
${it.wrong && notice('wrong', it.wrong(t))}
<form method="post" action="/sign-in/link" data-fragment="yes">
${hidden({ csrf: it.form.csrf })}
${field(t, { name: 'token', label: t.links.token, autocomplete: 'off', maxlength: 100, hint: t.links.tokenHint })}
${button(t.common.continue)}
</form>`,
  })
