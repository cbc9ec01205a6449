import { type Html, html } from './html.ts'
import { button, field, hidden, notice, type Page } from './layout.ts'

/** Where a form stands: proof against forgery, and what a page without state must carry on. */
export interface FormState {
  readonly csrf: string
  /** The attempt that the page belongs to; a form of another attempt is not taken. */
  readonly attempt?: string | undefined
  readonly returnTo?: string | undefined
}

interface Said {
  readonly wrong?: string | undefined
  readonly hint?: string | undefined
}

const said = ({ wrong, hint }: Said): Html =>
  html`${wrong !== undefined && notice('wrong', wrong)}${hint !== undefined && notice('hint', hint)}`

const passkeyForm = (
  form: FormState,
  more: {
    organization?: string | undefined
    options?: string
    autofill?: boolean
    label: string
    kind: 'main' | 'quiet'
  },
): Html => html`<form method="post" action="/sign-in/passkey" data-passkey="authenticate" data-challenge="/sign-in/passkey/challenge"${
  more.options !== undefined && html` data-options="${more.options}"`
}${more.autofill && html` data-autofill="yes"`} hidden>
${hidden({ csrf: form.csrf, attempt: form.attempt, return_to: form.returnTo, organization: more.organization, credential: '' })}
<p class="notice wrong" data-says role="alert" hidden></p>
${button(more.label, more.kind)}
</form>`

export interface SignInPage extends Said {
  readonly form: FormState
  readonly organization?: { readonly name: string; readonly displayName: string } | undefined
  readonly login?: string | undefined
}

/** The first page: who are you. A passkey needs no name. */
export const signInPage = (it: SignInPage): Page => ({
  title: 'Sign in',
  organization: it.organization?.displayName,
  scripts: ['webauthn', 'passkey'],
  body: html`<h1>Sign in</h1>
<p class="lead">Use the name or e-mail address your organization knows you by.</p>
${said(it)}
<form method="post" action="/sign-in">
${hidden({ csrf: it.form.csrf, return_to: it.form.returnTo, organization: it.organization?.name })}
${field({ name: 'login', label: 'User name or e-mail', value: it.login, autocomplete: 'username webauthn', maxlength: 254, focus: true })}
${button('Continue')}
</form>
${passkeyForm(it.form, { organization: it.organization?.name, autofill: true, label: 'Sign in with a passkey', kind: 'quiet' })}`,
})

/** Asked when neither the address, the application nor the e-mail domain says which organization it is. */
export const organizationPage = (it: Said & { form: FormState; login: string; value?: string }): Page => ({
  title: 'Your organization',
  body: html`<h1>Which organization?</h1>
<p class="lead">User names belong to an organization. Its short name is in your invitation, or ask a colleague.</p>
${said(it)}
<form method="post" action="/sign-in">
${hidden({ csrf: it.form.csrf, return_to: it.form.returnTo, login: it.login })}
${field({ name: 'organization', label: 'Organization', value: it.value, autocomplete: 'organization', maxlength: 64, focus: true })}
${button('Continue')}
</form>
<p class="after"><a href="/sign-in">Use another user name</a></p>`,
})

export interface PasswordPage extends Said {
  readonly form: FormState
  readonly organization: string
  readonly login: string
  /** Whether letters are sent, so that a forgotten password can be replaced by mail. */
  readonly mail: boolean
}

/** The password, or a passkey instead. Looks the same for a name that nobody has. */
export const passwordPage = (it: PasswordPage): Page => ({
  title: 'Your password',
  organization: it.organization,
  scripts: ['webauthn', 'passkey'],
  body: html`<h1>Welcome back</h1>
${who(it.login, it.form)}
${said(it)}
<form method="post" action="/sign-in/password">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
<input type="text" name="username" value="${it.login}" autocomplete="username" hidden>
${field({ name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', maxlength: 256, focus: true })}
${button('Sign in')}
</form>
${passkeyForm(it.form, { label: 'Use a passkey instead', kind: 'quiet' })}
<p class="after">${
    it.mail
      ? html`<a href="/forgotten">Forgot your password?</a>`
      : 'Forgot it? An administrator of your organization can send you a link to set a new one.'
  }</p>`,
})

const restartOf = (form: FormState): string =>
  `/sign-in?${new URLSearchParams({ restart: '1', ...(form.returnTo !== undefined && { return_to: form.returnTo }) })}`

const who = (login: string, form: FormState): Html =>
  html`<p class="who"><b>${login}</b><a href="${restartOf(form)}">Not you?</a></p>`

export interface FactorPage extends Said {
  readonly form: FormState
  readonly organization: string
  readonly login: string
  readonly has: { readonly totp: boolean; readonly passkey: boolean; readonly recovery: boolean }
}

/** The second factor: a code from the app, or a passkey. */
export const factorPage = (it: FactorPage): Page => ({
  title: 'Second step',
  organization: it.organization,
  scripts: it.has.passkey ? ['webauthn', 'passkey'] : [],
  body: html`<h1>One more step</h1>
<p class="lead">${it.has.totp ? 'Enter the code that your authenticator app shows now.' : 'Confirm that it is you with your passkey.'}</p>
${said(it)}
${
  it.has.totp &&
  html`<form method="post" action="/sign-in/factor">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${field({ name: 'code', label: 'Six-digit code', autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 9, focus: true, code: true })}
${button('Continue')}
</form>`
}
${it.has.passkey && passkeyForm(it.form, { label: 'Use a passkey', kind: it.has.totp ? 'quiet' : 'main' })}
${it.has.passkey && !it.has.totp && html`<noscript><p class="notice hint">Passkeys need JavaScript. Turn it on for this page, or use a recovery code.</p></noscript>`}
${it.has.recovery && html`<p class="after"><a href="/sign-in/recovery">Lost your device? Use a recovery code</a></p>`}
<p class="after"><a href="${restartOf(it.form)}">Start again as someone else</a></p>`,
})

/** A recovery code in place of the second factor. */
export const recoveryPage = (it: Said & { form: FormState }): Page => ({
  title: 'Recovery code',
  body: html`<h1>Use a recovery code</h1>
<p class="lead">One of the codes you kept when you set up your second step. Each works once.</p>
${said(it)}
<form method="post" action="/sign-in/recovery">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${field({ name: 'code', label: 'Recovery code', autocomplete: 'off', maxlength: 40, focus: true, code: true, hint: 'Sixteen letters and digits; dashes do not matter.' })}
${button('Continue')}
</form>
<p class="after"><a href="/sign-in/factor">Back to the other ways</a></p>
<p class="after">No codes left? An administrator of your organization can reset your sign-in.</p>`,
})
