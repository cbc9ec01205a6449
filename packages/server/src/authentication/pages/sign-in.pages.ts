import { brandOf } from '../branding/brand.ts'
import type { Language, Texts } from '../languages/languages.ts'
import { fill, type Says, sayTime } from '../languages/say.ts'
import { providerForms } from './federation.pages.ts'
import { type Html, html } from './html.ts'
import { button, type Door, field, hidden, notice, type Page } from './layout.ts'

/** Where a form stands: proof against forgery, and what a page without state must carry on. */
export interface FormState {
  readonly csrf: string
  /** The attempt that the page belongs to; a form of another attempt is not taken. */
  readonly attempt?: string | undefined
  readonly returnTo?: string | undefined
  /** The strength that is wanted at least. */
  readonly acr?: string | undefined
}

interface Said {
  readonly wrong?: Says | undefined
  readonly hint?: Says | undefined
}

const said = (t: Texts, { wrong, hint }: Said): Html =>
  html`${wrong && notice('wrong', wrong(t))}${hint && notice('hint', hint(t))}`

/** What the passkey script says in the reader's language, for it to read from its form. */
export const scriptTexts = ({ passkeyScript: it }: Texts): Html =>
  html` data-cancelled="${it.cancelled}" data-present="${it.present}" data-address="${it.address}" data-stale="${it.stale}" data-unable="${it.unable}" data-failed="${it.failed}"`

const passkeyForm = (
  t: Texts,
  form: FormState,
  more: {
    organization?: string | undefined
    options?: string
    autofill?: boolean
    label: string
    kind: 'main' | 'quiet'
    /** What stands before the button. */
    more?: Html | false
  },
): Html => html`<form method="post" action="/sign-in/passkey" data-passkey="authenticate" data-challenge="/sign-in/passkey/challenge"${
  more.options !== undefined && html` data-options="${more.options}"`
}${more.autofill && html` data-autofill="yes"`}${scriptTexts(t)} hidden>
${hidden({ csrf: form.csrf, attempt: form.attempt, return_to: form.returnTo, acr: form.acr, organization: more.organization, credential: '' })}
<p class="notice wrong" data-says role="alert" hidden></p>
${more.more}${button(more.label, more.kind)}
</form>`

export interface SignInPage extends Said {
  readonly form: FormState
  readonly organization?: (Door & { readonly name: string }) | undefined
  readonly login?: string | undefined
  /** Whether people may make an account there by themselves. */
  readonly registers?: boolean
  readonly providers?: readonly { readonly id: string; readonly displayName: string }[]
}

/** The first page: who are you. A passkey needs no name. */
export const signInPage =
  (it: SignInPage): Page =>
  ({ t, language }) => ({
    title: t.signIn.title,
    organization: it.organization,
    scripts: ['webauthn', 'passkey'],
    body: html`<h1>${t.signIn.title}</h1>
<p class="lead" dir="auto">${brandOf(it.organization)?.text('welcome', language) ?? t.signIn.lead}</p>
${said(t, it)}
<form method="post" action="/sign-in">
${hidden({ csrf: it.form.csrf, return_to: it.form.returnTo, acr: it.form.acr, organization: it.organization?.name })}
${field(t, { name: 'login', label: t.signIn.login, value: it.login, autocomplete: 'username webauthn', maxlength: 254, focus: true })}
${button(t.common.continue)}
</form>
${passkeyForm(t, it.form, { organization: it.organization?.name, autofill: true, label: t.signIn.withPasskey, kind: 'quiet' })}
${providerForms(t, { providers: it.providers ?? [], form: it.form })}
${it.registers && it.organization !== undefined && html`<p class="after"><a href="/register?organization=${it.organization.name}">${t.register.link}</a></p>`}`,
  })

/** Asked when neither the address, the application nor the e-mail domain says which organization it is. */
export const organizationPage =
  (it: Said & { form: FormState; login: string; value?: string | undefined }): Page =>
  ({ t }) => ({
    title: t.signIn.organizationTitle,
    body: html`<h1>${t.signIn.whichOrganization}</h1>
<p class="lead">${t.signIn.organizationLead}</p>
${said(t, it)}
<form method="post" action="/sign-in">
${hidden({ csrf: it.form.csrf, return_to: it.form.returnTo, acr: it.form.acr, login: it.login })}
${field(t, { name: 'organization', label: t.signIn.organization, value: it.value, autocomplete: 'organization', maxlength: 64, focus: true })}
${button(t.common.continue)}
</form>
<p class="after"><a href="/sign-in">${t.signIn.anotherName}</a></p>`,
  })

export interface PasswordPage extends Said {
  readonly form: FormState
  readonly organization: Door | undefined
  readonly login: string
  /** Whether letters are sent, so that a forgotten password can be replaced by mail. */
  readonly mail: boolean
  /** Whether the organization takes codes by mail. */
  readonly mailCode?: boolean | undefined
  readonly providers?: readonly { readonly id: string; readonly displayName: string }[]
}

/** The password, or a passkey instead. Looks the same for a name that nobody has. */
export const passwordPage =
  (it: PasswordPage): Page =>
  ({ t }) => ({
    title: t.signIn.passwordTitle,
    organization: it.organization,
    scripts: ['webauthn', 'passkey'],
    body: html`<h1>${t.signIn.welcomeBack}</h1>
${who(t, it.login, it.form)}
${said(t, it)}
<form method="post" action="/sign-in/password">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
<input type="text" name="username" value="${it.login}" autocomplete="username" hidden>
${field(t, { name: 'password', label: t.signIn.password, type: 'password', autocomplete: 'current-password', maxlength: 256, focus: true })}
${button(t.common.signIn)}
</form>
${passkeyForm(t, it.form, { label: t.signIn.passkeyInstead, kind: 'quiet' })}
${providerForms(t, { providers: it.providers ?? [], form: it.form })}
${it.mailCode && mailForm(t, it.form, 'quiet')}
<p class="after">${it.mail ? html`<a href="/forgotten">${t.signIn.forgot}</a>` : t.signIn.forgotNoMail}</p>`,
  })

const mailForm = (
  t: Texts,
  form: FormState,
  kind: 'main' | 'quiet',
): Html => html`<form method="post" action="/sign-in/email/send">
${hidden({ csrf: form.csrf, attempt: form.attempt })}
${button(t.mailCode.offer, kind)}
</form>`

const restartOf = (form: FormState): string =>
  `/sign-in?${new URLSearchParams({ restart: '1', ...(form.returnTo !== undefined && { return_to: form.returnTo }) })}`

const who = (t: Texts, login: string, form: FormState): Html =>
  html`<p class="who"><b dir="auto">${login}</b><a href="${restartOf(form)}">${t.signIn.notYou}</a></p>`

export interface FactorPage extends Said {
  readonly form: FormState
  readonly organization: Door
  readonly login: string
  /** For how many days the browser may be remembered; undefined where it may not. */
  readonly rememberDays?: number | undefined
  readonly has: {
    readonly totp: boolean
    readonly passkey: boolean
    readonly recovery: boolean
    readonly email?: boolean
  }
}

const rememberBox = (t: Texts, language: Language, days: number | undefined, of: string): Html | false =>
  days !== undefined &&
  html`<p class="check"><input type="checkbox" id="remember-${of}" name="remember" value="yes" aria-describedby="remember-${of}-hint"><label for="remember-${of}">${fill(t.devices.remember, { time: sayTime(language, days, 'day') })}</label><small id="remember-${of}-hint">${t.devices.rememberHint}</small></p>`

/** The second factor: a code from the app, or a passkey. */
export const factorPage =
  (it: FactorPage): Page =>
  ({ t, language }) => ({
    title: t.factor.title,
    organization: it.organization,
    scripts: it.has.passkey ? ['webauthn', 'passkey'] : [],
    body: html`<h1>${t.factor.heading}</h1>
<p class="lead">${it.has.totp ? t.factor.enterCode : it.has.passkey || !it.has.email ? t.factor.confirmPasskey : t.mailCode.title}</p>
${said(t, it)}
${
  it.has.totp &&
  html`<form method="post" action="/sign-in/factor">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${field(t, { name: 'code', label: t.factor.code, autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 9, focus: true, code: true, hint: it.wrong && t.factor.clockHint })}
${rememberBox(t, language, it.rememberDays, 'totp')}
${button(t.common.continue)}
</form>`
}
${it.has.passkey && passkeyForm(t, it.form, { label: t.factor.usePasskey, kind: it.has.totp ? 'quiet' : 'main', more: rememberBox(t, language, it.rememberDays, 'passkey') })}
${it.has.email && mailForm(t, it.form, it.has.totp || it.has.passkey ? 'quiet' : 'main')}
${it.has.passkey && !it.has.totp && html`<noscript><p class="notice hint">${t.factor.passkeysNeedScript}</p></noscript>`}
${it.has.recovery && html`<p class="after"><a href="/sign-in/recovery">${t.factor.lostDevice}</a></p>`}
<p class="after"><a href="${restartOf(it.form)}">${t.factor.someoneElse}</a></p>`,
  })

/** A recovery code in place of the second factor. */
export const recoveryPage =
  (it: Said & { form: FormState; organization?: Door | undefined }): Page =>
  ({ t }) => ({
    title: t.factor.recoveryTitle,
    organization: it.organization,
    body: html`<h1>${t.factor.recoveryHeading}</h1>
<p class="lead">${t.factor.recoveryLead}</p>
${said(t, it)}
<form method="post" action="/sign-in/recovery">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${field(t, { name: 'code', label: t.factor.recoveryCode, autocomplete: 'off', maxlength: 40, focus: true, code: true, hint: t.factor.recoveryHint })}
${button(t.common.continue)}
</form>
<p class="after"><a href="/sign-in/factor">${t.factor.otherWays}</a></p>
<p class="after">${t.factor.noCodesLeft}</p>`,
  })
