import { html } from './html.ts'
import { button, field, hidden, notice, type Page } from './layout.ts'
import type { FormState } from './sign-in.pages.ts'

const wrongly = (wrong: string | undefined) => wrong !== undefined && notice('wrong', wrong)

export type LinkKind = 'setup' | 'invitation' | 'reset' | 'recovery'
const opening: Record<LinkKind, { title: string; lead: string }> = {
  setup: { title: 'Set up Gatehouse', lead: 'This link makes the first administrator of this installation.' },
  invitation: { title: 'You are invited', lead: 'Choose how you will sign in. It takes a minute.' },
  reset: { title: 'Set up your sign-in again', lead: 'Choose how you will sign in from now on.' },
  recovery: {
    title: 'A new password',
    lead: 'This link lets you choose a new password in place of the one you forgot.',
  },
}

/** Where a one-time link lands: a script moves its token into the form; by hand it works too. */
export const linkPage = (it: { kind: LinkKind; form: FormState; wrong?: string | undefined }): Page => ({
  title: opening[it.kind].title,
  scripts: it.wrong === undefined ? ['fragment'] : [],
  body: html`<h1>${opening[it.kind].title}</h1>
<p class="lead">${opening[it.kind].lead}</p>
${wrongly(it.wrong)}
<form method="post" action="/${it.kind}" data-fragment="yes">
${hidden({ csrf: it.form.csrf })}
${field({ name: 'token', label: 'Code of your link', autocomplete: 'off', maxlength: 100, hint: 'The part after # in the link. It is filled in for you when JavaScript is on.' })}
${button('Continue')}
</form>`,
})

export interface ProfileValues {
  readonly name: string
  readonly username: string
  readonly email: string
}

/** Who the first administrator is. */
export const profilePage = (it: {
  form: FormState
  values?: ProfileValues | undefined
  wrong?: { readonly [K in keyof ProfileValues]?: string } | undefined
}): Page => ({
  title: 'Set up Gatehouse',
  body: html`<p class="steps">Step 1 of 2</p>
<h1>Who are you?</h1>
<p class="lead">You become the owner of this installation: you can invite everyone else, and hand on what you may do.</p>
<form method="post" action="/enrol/profile">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${field({ name: 'name', label: 'Your name', value: it.values?.name, autocomplete: 'name', maxlength: 200, focus: true, wrong: it.wrong?.name })}
${field({ name: 'username', label: 'User name', value: it.values?.username, autocomplete: 'username', maxlength: 64, wrong: it.wrong?.username, hint: 'Small letters, digits, dots and dashes. You sign in with it.' })}
${field({ name: 'email', label: 'E-mail', type: 'email', value: it.values?.email, autocomplete: 'email', maxlength: 254, wrong: it.wrong?.email, optional: true })}
${button('Continue')}
</form>`,
})

export interface EnrolChoice {
  readonly form: FormState
  readonly login: string
  readonly organization?: string | undefined
  /** Options of the passkey registration as JSON. */
  readonly passkeyOptions: string
  /** `password`: a password comes first; `totp`: there is a password already. */
  readonly otherwise: 'password' | 'totp'
  /** Whether one factor will not do. */
  readonly second: boolean
  readonly why: string
  readonly step?: string | undefined
  readonly wrong?: string | undefined
}

/** A passkey, or the other way. */
export const choicePage = (it: EnrolChoice): Page => ({
  title: 'How you will sign in',
  organization: it.organization,
  scripts: ['webauthn', 'passkey'],
  body: html`${it.step !== undefined && html`<p class="steps">${it.step}</p>`}
<h1>How will you sign in?</h1>
<p class="lead">${it.why}</p>
${wrongly(it.wrong)}
<section class="choice" aria-labelledby="with-passkey">
<h2 id="with-passkey">With a passkey</h2>
<p>Your fingerprint, face or screen lock. Nothing to remember, and nobody can trick you out of it.</p>
<form method="post" action="/enrol/passkey" data-passkey="register" data-options="${it.passkeyOptions}" hidden>
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt, credential: '' })}
<p class="notice wrong" data-says role="alert" hidden></p>
${button('Create a passkey')}
</form>
<noscript><p class="notice hint">Passkeys need JavaScript.</p></noscript>
</section>
<section class="choice" aria-labelledby="otherwise">
<h2 id="otherwise">${it.otherwise === 'totp' ? 'With an authenticator app' : it.second ? 'With a password and an app' : 'With a password'}</h2>
<p>${
    it.otherwise === 'totp'
      ? 'A six-digit code beside your password, from any authenticator app.'
      : it.second
        ? 'A password, and a six-digit code from any authenticator app.'
        : 'A long one of its own. You can add a second step later.'
  }</p>
<a class="button quiet" href="/enrol/${it.otherwise}">${it.otherwise === 'totp' ? 'Set up the app' : 'Choose a password'}</a>
</section>`,
})

/** A new password, at a link or on the account page. */
export const newPasswordPage = (it: {
  form: FormState
  action: string
  login: string
  back: string
  organization?: string | undefined
  wrong?: string | undefined
}): Page => ({
  title: 'Choose a password',
  organization: it.organization,
  body: html`<h1>Choose a password</h1>
<p class="lead">Three or four unusual words are easy to remember and hard to guess. Anything of at least 10 characters goes, if it is not a common one.</p>
<form method="post" action="${it.action}">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
<input type="text" name="username" value="${it.login}" autocomplete="username" hidden>
${field({ name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password', maxlength: 256, focus: true, wrong: it.wrong })}
${field({ name: 'again', label: 'The same again', type: 'password', autocomplete: 'new-password', maxlength: 256 })}
${button('Save password')}
</form>
<p class="after"><a href="${it.back}">Back</a></p>`,
})

/** The secret of an authenticator app as a picture and as text, and the first code as proof. */
export const totpPage = (it: {
  form: FormState
  action: string
  back: string
  organization?: string | undefined
  qr: string
  secret: string
  wrong?: string | undefined
}): Page => ({
  title: 'Authenticator app',
  organization: it.organization,
  body: html`<h1>Set up your app</h1>
<p class="lead">Scan this with your authenticator app, then enter the code it shows.</p>
<img class="qr" src="${it.qr}" alt="QR code with the secret below" width="200" height="200">
<p class="hint">No camera? Type this secret into the app:</p>
<code class="secret">${it.secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
<form method="post" action="${it.action}">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${field({ name: 'code', label: 'Code from the app', autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 9, focus: true, code: true, wrong: it.wrong })}
${button('Confirm')}
</form>
<p class="after"><a href="${it.back}">Back</a></p>`,
})

/** Shown once. */
export const recoveryCodesPage = (it: {
  codes: readonly string[]
  next: string
  organization?: string | undefined
}): Page => ({
  title: 'Recovery codes',
  organization: it.organization,
  body: html`<h1>Keep these safe</h1>
<p class="lead">If you lose your device, one of these lets you in. Print them, or put them in your password manager. They are not shown again, and each works once.</p>
<ul class="codes">${it.codes.map((code) => html`<li>${code}</li>`)}</ul>
<a class="button" href="${it.next}">I have kept them</a>`,
})
