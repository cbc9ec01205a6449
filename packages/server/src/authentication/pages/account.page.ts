import { type Html, html } from './html.ts'
import { button, field, hidden, notice, type Page } from './layout.ts'
import type { FormState } from './sign-in.pages.ts'

export interface AccountPage {
  readonly form: FormState
  readonly person: {
    readonly name: string
    readonly username: string
    readonly email?: string | undefined
    readonly organization: string
  }
  readonly passwordSetOn?: string | undefined
  readonly totpSince?: string | undefined
  readonly passkeys: readonly { readonly id: string; readonly name: string; readonly says: string }[]
  readonly recoveryCodesLeft: number
  readonly sessions: readonly {
    readonly id: string
    readonly device: string
    readonly says: string
    readonly current: boolean
  }[]
  readonly good?: string | undefined
  readonly wrong?: string | undefined
}

/** My account: how I sign in, where I am signed in. */
export const accountPage = (it: AccountPage): Page => ({
  title: 'My account',
  frame: 'plain',
  person: it.person.username,
  body: html`<h1>${it.person.name}</h1>
<p class="lead">${it.person.username}${it.person.email !== undefined && ` · ${it.person.email}`} · ${it.person.organization}</p>
${it.good !== undefined && notice('good', it.good)}${it.wrong !== undefined && notice('wrong', it.wrong)}
<section class="panel" aria-labelledby="factors">
<h2 id="factors">How you sign in</h2>
<ul class="rows">
${it.passkeys.map((passkey) => passkeyRow(it.form, passkey))}
<li><div>${it.passkeys.length === 0 ? html`<b>Passkey</b><small>The safest way, and the fastest. None yet.</small>` : html`<b>Another passkey</b><small>One for each device, so that losing one costs nothing.</small>`}</div><a class="button quiet" href="/account/passkeys/new">Add a passkey</a></li>
<li><div><b>Password</b><small>${it.passwordSetOn === undefined ? 'None. You do not need one with a passkey.' : `Set ${it.passwordSetOn}`}</small></div><a class="button quiet" href="/account/password">${it.passwordSetOn === undefined ? 'Set' : 'Change'}</a></li>
<li><div><b>Authenticator app</b>${it.totpSince !== undefined && html`<span class="tag">On</span>`}<small>${it.totpSince === undefined ? 'A second step beside your password. Not set up.' : `Set up ${it.totpSince}`}</small></div><a class="button quiet" href="/account/totp">${it.totpSince === undefined ? 'Set up' : 'Replace'}</a>${it.totpSince !== undefined && html`<form method="post" action="/account/totp/remove">${hidden({ csrf: it.form.csrf })}<button class="danger" type="submit" aria-label="Remove the authenticator app">Remove</button></form>`}</li>
<li><div><b>Recovery codes</b><small>${it.recoveryCodesLeft === 0 ? 'None left. Make some before you need one.' : `${it.recoveryCodesLeft} left`}</small></div><form method="post" action="/account/recovery-codes">${hidden({ csrf: it.form.csrf })}${button(it.recoveryCodesLeft === 0 ? 'Make codes' : 'Make new ones', 'quiet')}</form></li>
</ul>
</section>
<section class="panel" aria-labelledby="sessions">
<h2 id="sessions">Where you are signed in</h2>
<ul class="rows">${it.sessions.map((session) => sessionRow(it.form, session))}</ul>
${it.sessions.length > 1 && html`<div class="actions"><form method="post" action="/account/sessions/end-others">${hidden({ csrf: it.form.csrf })}${button('End all others', 'quiet')}</form></div>`}
</section>
<div class="actions"><form method="post" action="/sign-out">${hidden({ csrf: it.form.csrf })}${button('Sign out', 'danger')}</form></div>`,
})

const passkeyRow = (form: FormState, it: AccountPage['passkeys'][number]): Html =>
  html`<li><div><b>${it.name}</b><small>${it.says}</small></div><form method="post" action="/account/passkeys/${it.id}/remove">${hidden({ csrf: form.csrf })}<button class="danger" type="submit" aria-label="Remove passkey ${it.name}">Remove</button></form></li>`

const sessionRow = (form: FormState, it: AccountPage['sessions'][number]): Html =>
  html`<li><div><b>${it.device}</b>${it.current && html`<span class="tag">This one</span>`}<small>${it.says}</small></div>${
    !it.current &&
    html`<form method="post" action="/account/sessions/${it.id}/end">${hidden({ csrf: form.csrf })}<button class="quiet" type="submit" aria-label="End the session on ${it.device}">End</button></form>`
  }</li>`

/** A passkey more, with a name to tell it by. */
export const newPasskeyPage = (it: { form: FormState; options: string; wrong?: string | undefined }): Page => ({
  title: 'Add a passkey',
  scripts: ['webauthn', 'passkey'],
  body: html`<h1>Add a passkey</h1>
<p class="lead">Give it a name that tells you which device it is on.</p>
${it.wrong !== undefined && notice('wrong', it.wrong)}
<form method="post" action="/account/passkeys" data-passkey="register" data-options="${it.options}" hidden>
${hidden({ csrf: it.form.csrf, credential: '' })}
<p class="notice wrong" data-says role="alert" hidden></p>
${field({ name: 'name', label: 'Name', autocomplete: 'off', maxlength: 64, focus: true, hint: 'As in “Work laptop” or “Blue key”' })}
${button('Create the passkey')}
</form>
<noscript><p class="notice hint">Passkeys need JavaScript.</p></noscript>
<p class="after"><a href="/account">Back to my account</a></p>`,
})
