import type { Texts } from '../languages/languages.ts'
import type { Look } from '../languages/look.ts'
import { fill, type Says, sayAgent, sayAgo, sayCountry, sayDay } from '../languages/say.ts'
import { type Html, html } from './html.ts'
import { type IdentityRow, identitiesPanel } from './identities.panel.ts'
import { button, type Door, field, hidden, notice, type Page } from './layout.ts'
import { type FormState, scriptTexts } from './sign-in.pages.ts'

export interface AccountPage {
  readonly form: FormState
  readonly nowMs: number
  readonly person: {
    readonly name: string
    readonly username: string
    readonly email?: string | undefined
    readonly organization: Door
  }
  readonly passwordSetAtMs?: number | undefined
  readonly totpEnrolledAtMs?: number | undefined
  readonly passkeys: readonly PasskeyRow[]
  readonly recoveryCodesLeft: number
  readonly sessions: readonly SessionRow[]
  readonly devices: readonly { readonly id: string; readonly agent: string | undefined; readonly untilMs: number }[]
  readonly identities: readonly IdentityRow[]
  /** Where one may be linked. */
  readonly providers: readonly { readonly id: string; readonly displayName: string }[]
  readonly mayClose: boolean
  readonly good?: Says | undefined
  readonly wrong?: Says | undefined
}

interface PasskeyRow {
  readonly id: string
  readonly name: string
  readonly addedAtMs: number
  readonly usedAtMs?: number | undefined
}

interface SessionRow {
  readonly id: string
  readonly agent: string | undefined
  readonly address: string | undefined
  /** ISO 3166-1 alpha-2, where a data set of countries is there and knows. */
  readonly country?: string | undefined
  readonly startedAtMs: number
  readonly seenAtMs: number
  readonly current: boolean
}

/** My account: how I sign in, where I am signed in. */
export const accountPage =
  (it: AccountPage): Page =>
  (look) => {
    const { t } = look
    return {
      title: t.account.title,
      frame: 'plain',
      person: it.person.username,
      organization: it.person.organization,
      body: html`<h1>${it.person.name}</h1>
<p class="lead"><bdi>${it.person.username}</bdi>${it.person.email !== undefined && html` · <bdi>${it.person.email}</bdi>`} · <bdi>${it.person.organization.displayName}</bdi></p>
${it.good && notice('good', it.good(t))}${it.wrong && notice('wrong', it.wrong(t))}
${factorsPanel(it, look)}
${(it.identities.length > 0 || it.providers.length > 0) && identitiesPanel(it, look)}
<section class="panel" aria-labelledby="sessions">
<h2 id="sessions">${t.account.sessions}</h2>
<ul class="rows">${it.sessions.map((session) => sessionRow(it, look, session))}</ul>
${it.sessions.length > 1 && html`<div class="actions"><form method="post" action="/account/sessions/end-others">${hidden({ csrf: it.form.csrf })}${button(t.account.endOthers, 'quiet')}</form></div>`}
</section>
${it.devices.length > 0 && devicesPanel(it, look)}
<section class="panel" aria-labelledby="mine">
<h2 id="mine">${t.data.title}</h2>
<ul class="rows">
<li><div><b id="mine-profile">${t.profile.title}</b><small><bdi>${it.person.name}</bdi> · <bdi>${it.person.email ?? t.profile.emailNone}</bdi></small></div><a class="button quiet" href="/account/profile" aria-describedby="mine-profile">${t.profile.edit}</a></li>
<li><div><b id="mine-applications">${t.applications.title}</b><small>${t.applications.lead}</small></div><a class="button quiet" href="/account/applications" aria-describedby="mine-applications">${t.data.see}</a></li>
<li><div><b>${t.data.exportTitle}</b><small>${t.data.exportLead}</small></div><a class="button quiet" href="/account/data.json" download="my-data.json">${t.data.export}</a></li>
${it.mayClose && html`<li><div><b id="mine-close">${t.data.closeTitle}</b><small>${t.data.closeLead}</small></div><a class="button quiet" href="/account/close" aria-describedby="mine-close">${t.data.close}</a></li>`}
</ul>
</section>
<div class="actions"><form method="post" action="/sign-out">${hidden({ csrf: it.form.csrf })}${button(t.account.signOut, 'danger')}</form></div>`,
    }
  }

const devicesPanel = (
  it: AccountPage,
  { t, language }: Look,
): Html => html`<section class="panel" aria-labelledby="devices">
<h2 id="devices">${t.devices.heading}</h2>
<ul class="rows">${it.devices.map((device) => {
  const name = sayAgent(t, device.agent)
  return html`<li><div><b>${name}</b><small>${fill(t.devices.until, { day: sayDay(language, device.untilMs) })}</small></div><form method="post" action="/account/devices/${device.id}/forget">${hidden({ csrf: it.form.csrf })}<button class="quiet" type="submit" aria-label="${fill(t.devices.forgetDevice, { device: name })}">${t.devices.forget}</button></form></li>`
})}</ul>
</section>`

const factorsPanel = (
  it: AccountPage,
  { t, language }: Look,
): Html => html`<section class="panel" aria-labelledby="factors">
<h2 id="factors">${t.account.factors}</h2>
<ul class="rows">
${it.passkeys.map((passkey) => passkeyRow(it, t, passkey, sayPasskey(it, t, language, passkey)))}
<li><div>${it.passkeys.length === 0 ? html`<b>${t.account.passkey}</b><small>${t.account.passkeyNone}</small>` : html`<b>${t.account.anotherPasskey}</b><small>${t.account.anotherPasskeyLead}</small>`}</div><a class="button quiet" href="/account/passkeys/new">${t.account.addPasskey}</a></li>
<li><div><b>${t.signIn.password}</b><small>${it.passwordSetAtMs === undefined ? t.account.passwordNone : fill(t.account.passwordSet, { day: sayDay(language, it.passwordSetAtMs) })}</small></div><a class="button quiet" href="/account/password">${it.passwordSetAtMs === undefined ? t.account.set : t.account.change}</a></li>
<li><div><b>${t.account.app}</b>${it.totpEnrolledAtMs !== undefined && html`<span class="tag">${t.account.on}</span>`}<small>${it.totpEnrolledAtMs === undefined ? t.account.appNone : fill(t.account.appSince, { day: sayDay(language, it.totpEnrolledAtMs) })}</small></div><a class="button quiet" href="/account/totp">${it.totpEnrolledAtMs === undefined ? t.account.setUp : t.account.replace}</a>${it.totpEnrolledAtMs !== undefined && html`<form method="post" action="/account/totp/remove">${hidden({ csrf: it.form.csrf })}<button class="danger" type="submit" aria-label="${t.account.removeApp}">${t.account.remove}</button></form>`}</li>
<li><div><b>${t.account.codes}</b><small>${it.recoveryCodesLeft === 0 ? t.account.codesNone : fill(t.account.codesLeft, { count: it.recoveryCodesLeft })}</small></div><form method="post" action="/account/recovery-codes">${hidden({ csrf: it.form.csrf })}${button(it.recoveryCodesLeft === 0 ? t.account.makeCodes : t.account.makeNewCodes, 'quiet')}</form></li>
</ul>
</section>`

const sayPasskey = (it: AccountPage, t: Texts, language: Look['language'], passkey: PasskeyRow): string => {
  const day = sayDay(language, passkey.addedAtMs)
  return passkey.usedAtMs === undefined
    ? fill(t.account.passkeyAdded, { day })
    : fill(t.account.passkeyUsed, { day, ago: sayAgo(language, passkey.usedAtMs, it.nowMs) })
}

const passkeyRow = ({ form }: AccountPage, t: Texts, { id, name }: PasskeyRow, says: string): Html =>
  html`<li><div><b dir="auto">${name}</b><small>${says}</small></div><form method="post" action="/account/passkeys/${id}/remove">${hidden({ csrf: form.csrf })}<button class="danger" type="submit" aria-label="${fill(t.account.removePasskey, { name })}">${t.account.remove}</button></form></li>`

const sessionRow = ({ form, nowMs }: AccountPage, { t, language }: Look, it: SessionRow): Html => {
  const device = sayAgent(t, it.agent)
  const seen = sayAgo(language, it.current ? nowMs : it.seenAtMs, nowMs)
  const began = fill(t.account.signedInAt, { day: sayDay(language, it.startedAtMs) })
  return html`<li><div><b>${device}</b>${it.current && html`<span class="tag">${t.account.thisOne}</span>`}<small>${seen}${it.address !== undefined && html` · <bdi>${it.address}</bdi>`}${it.country !== undefined && html` · ${sayCountry(language, it.country)}`} · ${began}</small></div>${
    !it.current &&
    html`<form method="post" action="/account/sessions/${it.id}/end">${hidden({ csrf: form.csrf })}<button class="quiet" type="submit" aria-label="${fill(t.account.endSession, { device })}">${t.account.end}</button></form>`
  }</li>`
}

/** A passkey more, with a name to tell it by. */
export const newPasskeyPage =
  (it: { form: FormState; organization?: Door | undefined; options: string; wrong?: Says | undefined }): Page =>
  ({ t }) => ({
    title: t.account.addPasskey,
    organization: it.organization,
    scripts: ['webauthn', 'passkey'],
    body: html`<h1>${t.account.addPasskey}</h1>
<p class="lead">${t.account.newPasskeyLead}</p>
${it.wrong && notice('wrong', it.wrong(t))}
<form method="post" action="/account/passkeys" data-passkey="register" data-options="${it.options}"${scriptTexts(t)} hidden>
${hidden({ csrf: it.form.csrf, credential: '' })}
<p class="notice wrong" data-says role="alert" hidden></p>
${field(t, { name: 'name', label: t.account.passkeyName, autocomplete: 'off', maxlength: 64, focus: true, hint: t.account.passkeyNameHint })}
${button(t.account.create)}
</form>
<noscript><p class="notice hint">${t.common.passkeysNeedScript}</p></noscript>
<p class="after"><a href="/account">${t.common.backToAccount}</a></p>`,
  })
