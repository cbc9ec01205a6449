import type { Texts } from '../languages/languages.ts'
import { fill, type Says } from '../languages/say.ts'
import { html } from './html.ts'
import { button, type Door, field, hidden, notice, type Page } from './layout.ts'
import { type FormState, scriptTexts } from './sign-in.pages.ts'

const wrongly = (t: Texts, wrong: Says | undefined) => wrong && notice('wrong', wrong(t))

export type LinkKind = 'setup' | 'invitation' | 'reset' | 'recovery' | 'email' | 'register'

/** Where a one-time link lands: a script moves its token into the form; by hand it works too. */
export const linkPage =
  (it: { kind: LinkKind; action?: string; form: FormState; wrong?: Says | undefined }): Page =>
  ({ t }) => ({
    title: t.links[`${it.kind}Title`],
    scripts: it.wrong === undefined ? ['fragment'] : [],
    body: html`<h1>${t.links[`${it.kind}Title`]}</h1>
<p class="lead">${t.links[`${it.kind}Lead`]}</p>
${wrongly(t, it.wrong)}
<form method="post" action="${it.action ?? `/${it.kind}`}" data-fragment="yes">
${hidden({ csrf: it.form.csrf })}
${field(t, { name: 'token', label: t.links.token, autocomplete: 'off', maxlength: 100, hint: t.links.tokenHint })}
${button(t.common.continue)}
</form>`,
  })

export interface ProfileValues {
  readonly name: string
  readonly username: string
  readonly email: string
}
export type WrongValues = { readonly [K in keyof ProfileValues]?: Says | undefined }

/** Who the first administrator is. */
export const profilePage =
  (it: { form: FormState; values?: ProfileValues | undefined; wrong?: WrongValues | undefined }): Page =>
  ({ t }) => ({
    title: t.links.setupTitle,
    body: html`<p class="steps">${fill(t.enrol.step, { step: 1 })}</p>
<h1>${t.enrol.whoAreYou}</h1>
<p class="lead">${t.enrol.profileLead}</p>
<form method="post" action="/enrol/profile">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${field(t, { name: 'name', label: t.enrol.name, value: it.values?.name, autocomplete: 'name', maxlength: 200, focus: true, wrong: it.wrong?.name?.(t) })}
${field(t, { name: 'username', label: t.enrol.username, value: it.values?.username, autocomplete: 'username', maxlength: 64, wrong: it.wrong?.username?.(t), hint: t.enrol.usernameHint })}
${field(t, { name: 'email', label: t.enrol.email, type: 'email', value: it.values?.email, autocomplete: 'email', maxlength: 254, wrong: it.wrong?.email?.(t), optional: true })}
${button(t.common.continue)}
</form>`,
  })

export interface EnrolChoice {
  readonly form: FormState
  readonly login: string
  readonly organization?: Door | undefined
  /** Options of the passkey registration as JSON. */
  readonly passkeyOptions: string
  /** `password`: a password comes first; `totp`: there is a password already. */
  readonly otherwise: 'password' | 'totp'
  /** Whether one factor will not do. */
  readonly second: boolean
  readonly why: Says
  readonly step?: number | undefined
  readonly wrong?: Says | undefined
}

/** A passkey, or the other way. */
export const choicePage =
  (it: EnrolChoice): Page =>
  ({ t }) => ({
    title: t.enrol.title,
    organization: it.organization,
    scripts: ['webauthn', 'passkey'],
    body: html`${it.step !== undefined && html`<p class="steps">${fill(t.enrol.step, { step: it.step })}</p>`}
<h1>${t.enrol.heading}</h1>
<p class="lead">${it.why(t)}</p>
${wrongly(t, it.wrong)}
<section class="choice" aria-labelledby="with-passkey">
<h2 id="with-passkey">${t.enrol.withPasskey}</h2>
<p>${t.enrol.passkeyLead}</p>
<form method="post" action="/enrol/passkey" data-passkey="register" data-options="${it.passkeyOptions}"${scriptTexts(t)} hidden>
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt, credential: '' })}
<p class="notice wrong" data-says role="alert" hidden></p>
${button(t.enrol.createPasskey)}
</form>
<noscript><p class="notice hint">${t.common.passkeysNeedScript}</p></noscript>
</section>
<section class="choice" aria-labelledby="otherwise">
<h2 id="otherwise">${it.otherwise === 'totp' ? t.enrol.withApp : it.second ? t.enrol.withPasswordAndApp : t.enrol.withPassword}</h2>
<p>${it.otherwise === 'totp' ? t.enrol.appLead : it.second ? t.enrol.passwordAndAppLead : t.enrol.passwordLead}</p>
<a class="button quiet" href="/enrol/${it.otherwise}">${it.otherwise === 'totp' ? t.enrol.setUpApp : t.enrol.choosePassword}</a>
</section>`,
  })

/** A new password, at a link or on the account page. */
export const newPasswordPage =
  (it: {
    form: FormState
    action: string
    login: string
    back: string
    organization?: Door | undefined
    wrong?: Says | undefined
  }): Page =>
  ({ t }) => ({
    title: t.enrol.choosePassword,
    organization: it.organization,
    body: html`<h1>${t.enrol.choosePassword}</h1>
<p class="lead">${t.enrol.passwordHelp}</p>
<form method="post" action="${it.action}">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
<input type="text" name="username" value="${it.login}" autocomplete="username" hidden>
${field(t, { name: 'password', label: t.enrol.newPassword, type: 'password', autocomplete: 'new-password', maxlength: 256, focus: true, wrong: it.wrong?.(t) })}
${field(t, { name: 'again', label: t.enrol.sameAgain, type: 'password', autocomplete: 'new-password', maxlength: 256 })}
${button(t.enrol.savePassword)}
</form>
<p class="after"><a href="${it.back}">${t.common.back}</a></p>`,
  })

/** The secret of an authenticator app as a picture and as text, and the first code as proof. */
export const totpPage =
  (it: {
    form: FormState
    action: string
    back: string
    organization?: Door | undefined
    qr: string
    secret: string
    wrong?: Says | undefined
  }): Page =>
  ({ t }) => ({
    title: t.enrol.appTitle,
    organization: it.organization,
    body: html`<h1>${t.enrol.appHeading}</h1>
<p class="lead">${t.enrol.appScan}</p>
<img class="qr" src="${it.qr}" alt="${t.enrol.qr}" width="200" height="200">
<p class="hint">${t.enrol.noCamera}</p>
<code class="secret">${it.secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
<form method="post" action="${it.action}">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${field(t, { name: 'code', label: t.enrol.appCode, autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 9, focus: true, code: true, wrong: it.wrong?.(t), hint: it.wrong && t.factor.clockHint })}
${button(t.enrol.confirm)}
</form>
<p class="after"><a href="${it.back}">${t.common.back}</a></p>`,
  })

/** Shown once. */
export const recoveryCodesPage =
  (it: { codes: readonly string[]; next: string; organization?: Door | undefined }): Page =>
  ({ t }) => ({
    title: t.enrol.codesTitle,
    organization: it.organization,
    body: html`<h1>${t.enrol.codesHeading}</h1>
<p class="lead">${t.enrol.codesLead}</p>
<ul class="codes">${it.codes.map((code) => html`<li>${code}</li>`)}</ul>
<a class="button" href="${it.next}">${t.enrol.codesKept}</a>`,
  })
