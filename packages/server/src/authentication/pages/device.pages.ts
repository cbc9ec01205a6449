import { html } from './html.ts'
import { button, field, hidden, notice, type Page } from './layout.ts'

type Fields = Readonly<Record<string, string>>

export interface DeviceCodePage {
  readonly action: string
  readonly fields: Fields
  readonly wrong?: string | undefined
}

/** Asks for the code that a device shows. */
export const deviceCodePage = (it: DeviceCodePage): Page => ({
  title: 'Let a device in',
  body: html`<h1>Let a device in</h1>
<p class="lead">Type the code that your device or command line shows. Do so only if you began there yourself.</p>
${it.wrong !== undefined && notice('wrong', `${it.wrong}.`)}
<form method="post" action="${it.action}">
${hidden(it.fields)}
${field({ name: 'user_code', label: 'Code', autocomplete: 'off', maxlength: 20, focus: true })}
${button('Continue')}
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
export const deviceConfirmPage = (it: DeviceConfirmPage): Page => ({
  title: `Let ${it.application} in`,
  body: html`<h1>Is this your device?</h1>
<p class="lead">${it.application} wants to be signed in with your account. Go on only if the device before you shows this very code.</p>
<dl class="reason">
<div><dt>Code</dt><dd><code>${it.code}</code></dd></div>
<div><dt>Asked from</dt><dd>${it.address}</dd></div>
${it.agent !== '' && html`<div><dt>Calls itself</dt><dd>${it.agent}</dd></div>`}
</dl>
<form method="post" action="${it.action}">
${hidden(it.fields)}
<div class="pair">
<button class="quiet" name="abort" value="yes" type="submit">It is not mine</button>
<button type="submit">It is mine, go on</button>
</div>
</form>`,
})

export const deviceDonePage = (application: string): Page => ({
  title: 'The device is in',
  body: html`<h1>The device is in</h1>
<p class="lead">${application} goes on by itself in a moment. You may close this page.</p>`,
})

export interface RequestsPage {
  readonly person: string
  readonly requests: readonly {
    readonly action: string
    readonly fields: Fields
    readonly application: string
    readonly scopes: readonly { readonly name: string; readonly says: string }[]
    readonly message?: string | undefined
    readonly at: string
  }[]
  readonly answered?: 'allow' | 'deny' | undefined
}

/** What applications ask of a person who is not in front of them. */
export const requestsPage = (it: RequestsPage): Page => ({
  title: 'Requests to sign in',
  person: it.person,
  body: html`<h1>Requests to sign in</h1>
${it.answered !== undefined && notice('good', it.answered === 'allow' ? 'Allowed: the application goes on.' : 'Refused.')}
${it.requests.length === 0 && html`<p class="lead">No application is waiting for you.</p>`}
${it.requests.map(
  (request) => html`<section>
<h2>${request.application}</h2>
<p>Asked at ${request.at}. Allow it only if you, or somebody you are speaking with, began this just now.</p>
${request.message !== undefined && html`<p>It shows: <code>${request.message}</code></p>`}
<ul class="scopes">${request.scopes.map(({ name, says }) => html`<li>${says}<small>${name}</small></li>`)}</ul>
<form method="post" action="${request.action}">
${hidden(request.fields)}
<div class="pair">
<button class="quiet" name="decision" value="deny" type="submit">Refuse</button>
<button name="decision" value="allow" type="submit">Allow</button>
</div>
</form>
</section>`,
)}`,
})
