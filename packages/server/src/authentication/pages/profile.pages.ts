import { fillHtml, type Says } from '../languages/say.ts'
import { html } from './html.ts'
import { button, type Door, field, hidden, notice, type Page } from './layout.ts'
import type { FormState } from './sign-in.pages.ts'

export interface OwnProfilePage {
  readonly form: FormState
  readonly organization: Door
  readonly person: { readonly name: string; readonly username: string; readonly email?: string | undefined }
  readonly may: { readonly name: boolean; readonly email: boolean }
  readonly waiting: readonly string[]
  readonly wrong?: { readonly name?: Says | undefined; readonly email?: Says | undefined }
}

/** Who I am here: two forms, since a name counts at once and an address when it is confirmed. */
export const ownProfilePage =
  (it: OwnProfilePage): Page =>
  ({ t }) => ({
    title: t.profile.title,
    organization: it.organization,
    body: html`<h1>${t.profile.title}</h1>
<p class="who"><b dir="auto">${it.person.username}</b></p>
${it.wrong?.name && notice('wrong', it.wrong.name(t))}${it.wrong?.email && notice('wrong', it.wrong.email(t))}
${
  it.may.name &&
  html`<form method="post" action="/account/profile/name">
${hidden({ csrf: it.form.csrf })}
${field(t, { name: 'name', label: t.profile.name, value: it.person.name, autocomplete: 'name', maxlength: 200 })}
${button(t.profile.save, it.may.email ? 'quiet' : 'main')}
</form>`
}
${
  it.may.email
    ? html`<form method="post" action="/account/profile/email">
${hidden({ csrf: it.form.csrf })}
${field(t, { name: 'email', label: t.profile.email, type: 'email', value: it.person.email, autocomplete: 'email', maxlength: 254, hint: t.profile.emailHint })}
${button(t.profile.save)}
</form>`
    : html`<p class="after">${t.profile.email}: <bdi>${it.person.email ?? t.profile.emailNone}</bdi></p><p class="after">${t.profile.emailFixed}</p>`
}
${it.waiting.map((email) => html`<p class="after">${fillHtml(t.profile.waiting, { email: html`<bdi>${email}</bdi>` })}</p>`)}
<p class="after"><a href="/account">${t.common.backToAccount}</a></p>`,
  })

export const addressSentPage =
  (it: { email: string; organization: Door }): Page =>
  ({ t }) => ({
    title: t.profile.sentTitle,
    organization: it.organization,
    body: html`<h1>${t.profile.sentTitle}</h1>
<p class="lead">${fillHtml(t.profile.sentLead, { email: html`<b><bdi>${it.email}</bdi></b>` })}</p>
<p class="after"><a href="/account">${t.common.backToAccount}</a></p>`,
  })
