import { fill, type Says } from '../languages/say.ts'
import { html } from './html.ts'
import { button, type Door, field, hidden, notice, type Page } from './layout.ts'
import type { FormState } from './sign-in.pages.ts'

/** Asks once more, by the name: closing is not done by a slip of the finger. */
export const closeAccountPage =
  (it: { form: FormState; organization: Door; username: string; wrong?: Says | undefined }): Page =>
  ({ t }) => ({
    title: t.data.closeTitle,
    organization: it.organization,
    body: html`<h1>${t.data.closeHeading}</h1>
<p class="lead">${t.data.closeWarns}</p>
${it.wrong && notice('wrong', it.wrong(t))}
<form method="post" action="/account/close">
${hidden({ csrf: it.form.csrf })}
${field(t, { name: 'username', label: fill(t.data.closeType, { username: it.username }), autocomplete: 'off', maxlength: 64 })}
${button(t.data.closeButton, 'danger')}
</form>
<p class="after"><a href="/account">${t.data.keep}</a></p>`,
  })

export const accountClosedPage =
  (it: { organization: Door }): Page =>
  ({ t }) => ({
    title: t.data.closedTitle,
    organization: it.organization,
    body: html`<h1>${t.data.closedHeading}</h1>
<p class="lead">${t.data.closedLead}</p>`,
  })
