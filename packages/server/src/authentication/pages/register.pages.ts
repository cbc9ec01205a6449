import { fill, fillHtml, type Says } from '../languages/say.ts'
import type { WrongValues } from './enrol.pages.ts'
import { html } from './html.ts'
import { button, type Door, field, hidden, notice, type Page } from './layout.ts'
import type { FormState } from './sign-in.pages.ts'

type RegisterDoor = Door & { readonly name: string }

export const registerPage =
  (it: { form: FormState; organization: RegisterDoor; email?: string | undefined; wrong?: Says | undefined }): Page =>
  ({ t }) => ({
    title: t.register.title,
    organization: it.organization,
    body: html`<h1>${t.register.title}</h1>
<p class="lead">${fill(t.register.lead, { organization: it.organization.displayName })}</p>
<form method="post" action="/register">
${hidden({ csrf: it.form.csrf, organization: it.organization.name })}
${field(t, { name: 'email', label: t.register.email, type: 'email', value: it.email, autocomplete: 'email', maxlength: 254, focus: true, wrong: it.wrong?.(t) })}
${button(t.register.send)}
</form>
<p class="after"><a href="/sign-in?organization=${it.organization.name}">${t.register.haveOne}</a></p>`,
  })

/** The same for an organization that takes nobody by themselves and for one that there is not. */
export const registerClosedPage =
  (): Page =>
  ({ t }) => ({
    title: t.register.title,
    body: html`<h1>${t.register.closedHeading}</h1>
<p class="lead">${t.register.closedLead}</p>
<a class="button quiet" href="/sign-in">${t.register.haveOne}</a>`,
  })

/** The one answer, whatever becomes of the address. */
export const registerSentPage =
  (it: { organization: Door; email: string }): Page =>
  ({ t }) => ({
    title: t.register.sentTitle,
    organization: it.organization,
    body: html`<h1>${t.register.sentTitle}</h1>
<p class="lead">${fillHtml(t.register.sentLead, { email: html`<b><bdi>${it.email}</bdi></b>` })}</p>
${notice('hint', t.register.sentHint)}`,
  })

export const registerDetailsPage =
  (it: {
    form: FormState
    organization: Door
    token: string
    email: string
    values: { readonly name: string; readonly username: string }
    wrong?: WrongValues | undefined
  }): Page =>
  ({ t }) => ({
    title: t.register.title,
    organization: it.organization,
    body: html`<h1>${t.register.confirmHeading}</h1>
<p class="lead">${fillHtml(t.register.confirmLead, { email: html`<b><bdi>${it.email}</bdi></b>` })}</p>
${it.wrong?.email && notice('wrong', it.wrong.email(t))}
<form method="post" action="/register/details">
${hidden({ csrf: it.form.csrf, token: it.token })}
${field(t, { name: 'name', label: t.enrol.name, value: it.values.name, autocomplete: 'name', maxlength: 200, focus: true, wrong: it.wrong?.name?.(t) })}
${field(t, { name: 'username', label: t.enrol.username, value: it.values.username, autocomplete: 'username', maxlength: 64, wrong: it.wrong?.username?.(t), hint: t.enrol.usernameHint })}
${button(t.register.make)}
</form>`,
  })

export const registerWaitingPage =
  (it: { organization: Door }): Page =>
  ({ t }) => ({
    title: t.register.waitingTitle,
    organization: it.organization,
    body: html`<h1>${t.register.waitingTitle}</h1>
<p class="lead">${fill(t.register.waitingLead, { organization: it.organization.displayName })}</p>`,
  })
