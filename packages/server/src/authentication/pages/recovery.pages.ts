import { fillHtml, type Says } from '../languages/say.ts'
import { html } from './html.ts'
import { button, type Door, hidden, notice, type Page } from './layout.ts'
import type { FormState } from './sign-in.pages.ts'

/** Asks before it sends a letter. Looks the same for a name that nobody has. */
export const forgottenPage =
  (it: { form: FormState; login: string; organization?: Door | undefined; wrong?: Says | undefined }): Page =>
  ({ t }) => ({
    title: t.recovery.title,
    organization: it.organization,
    body: html`<h1>${t.recovery.heading}</h1>
<p class="lead">${t.recovery.lead}</p>
<p class="who"><b dir="auto">${it.login}</b></p>
${it.wrong && notice('wrong', it.wrong(t))}
<form method="post" action="/forgotten">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${button(t.recovery.send)}
</form>
<p class="after"><a href="/sign-in/password">${t.recovery.backToPassword}</a></p>`,
  })

/** The one answer, whether or not there is such an account, and whether or not a letter was sent. */
export const letterSentPage =
  (it: { login: string; organization?: Door | undefined }): Page =>
  ({ t }) => ({
    title: t.recovery.sentTitle,
    organization: it.organization,
    body: html`<h1>${t.recovery.sentTitle}</h1>
<p class="lead">${fillHtml(t.recovery.sentLead, { login: html`<b><bdi>${it.login}</bdi></b>` })}</p>
${notice('hint', t.recovery.sentHint)}
<p class="after"><a href="/sign-in/password">${t.recovery.backToPassword}</a></p>`,
  })

/** Changed; signing in is still to do, so that a second factor is asked for as ever. */
export const recoveredPage =
  (): Page =>
  ({ t }) => ({
    title: t.recovery.doneTitle,
    body: html`<h1>${t.recovery.doneHeading}</h1>
<p class="lead">${t.recovery.doneLead}</p>
<a class="button" href="/sign-in?restart=1">${t.common.signIn}</a>`,
  })
