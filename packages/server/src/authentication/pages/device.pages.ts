import type { Texts } from '../languages/languages.ts'
import { fill, fillHtml, sayAgent, sayMinute } from '../languages/say.ts'
import { html } from './html.ts'
import { button, field, hidden, notice, type Page } from './layout.ts'
import { sayScopes } from './say-scopes.ts'

type Fields = Readonly<Record<string, string>>

export interface DeviceCodePage {
  readonly action: string
  readonly fields: Fields
  readonly wrong?: keyof Pick<Texts['device'], 'aborted' | 'unknown' | 'refused' | 'failed'> | undefined
}

/** Asks for the code that a device shows. */
export const deviceCodePage =
  (it: DeviceCodePage): Page =>
  ({ t }) => ({
    title: t.device.title,
    body: html`<h1>${t.device.title}</h1>
<p class="lead">${t.device.lead}</p>
${it.wrong !== undefined && notice('wrong', t.device[it.wrong])}
<form method="post" action="${it.action}">
${hidden(it.fields)}
${field(t, { name: 'user_code', label: t.device.code, autocomplete: 'off', maxlength: 20, focus: true })}
${button(t.common.continue)}
</form>`,
  })

export interface DeviceConfirmPage {
  readonly action: string
  readonly fields: Fields
  readonly application: string
  readonly code: string
  readonly address: string
  readonly agent: string
}

/** Whether the device that asked is the person's own: says from where it asked. */
export const deviceConfirmPage =
  (it: DeviceConfirmPage): Page =>
  ({ t }) => ({
    title: fill(t.device.confirmTitle, { application: it.application }),
    body: html`<h1>${t.device.confirmHeading}</h1>
<p class="lead">${fill(t.device.confirmLead, { application: it.application })}</p>
<dl class="reason">
<div><dt>${t.device.code}</dt><dd><code>${it.code}</code></dd></div>
<div><dt>${t.device.askedFrom}</dt><dd dir="auto">${it.address}</dd></div>
${it.agent !== '' && html`<div><dt>${t.device.callsItself}</dt><dd>${sayAgent(t, it.agent)}</dd></div>`}
</dl>
<form method="post" action="${it.action}">
${hidden(it.fields)}
<div class="pair">
<button class="quiet" name="abort" value="yes" type="submit">${t.device.notMine}</button>
<button type="submit">${t.device.mine}</button>
</div>
</form>`,
  })

export const deviceDonePage =
  (application: string): Page =>
  ({ t }) => ({
    title: t.device.doneTitle,
    body: html`<h1>${t.device.doneTitle}</h1>
<p class="lead">${fill(t.device.doneLead, { application })}</p>`,
  })

export interface RequestsPage {
  readonly person: string
  readonly requests: readonly {
    readonly action: string
    readonly fields: Fields
    readonly application: string
    readonly scopes: readonly string[]
    readonly message?: string | undefined
    readonly atMs: number
  }[]
  readonly answered?: 'allow' | 'deny' | undefined
}

/** What applications ask of a person who is not in front of them. */
export const requestsPage =
  (it: RequestsPage): Page =>
  ({ t, language }) => ({
    title: t.requests.title,
    person: it.person,
    body: html`<h1>${t.requests.title}</h1>
${it.answered !== undefined && notice('good', it.answered === 'allow' ? t.requests.allowed : t.requests.refused)}
${it.requests.length === 0 && html`<p class="lead">${t.requests.none}</p>`}
${it.requests.map(
  (request) => html`<section>
<h2>${request.application}</h2>
<p>${fill(t.requests.askedAt, { when: sayMinute(language, request.atMs) })}</p>
${request.message !== undefined && html`<p>${fillHtml(t.requests.shows, { message: html`<code dir="auto">${request.message}</code>` })}</p>`}
<ul class="scopes">${sayScopes(t, request.scopes).map(({ name, says }) => html`<li>${says}<small dir="auto">${name}</small></li>`)}</ul>
<form method="post" action="${request.action}">
${hidden(request.fields)}
<div class="pair">
<button class="quiet" name="decision" value="deny" type="submit">${t.requests.refuse}</button>
<button name="decision" value="allow" type="submit">${t.requests.allow}</button>
</div>
</form>
</section>`,
)}`,
  })
