import { html } from './html.ts'
import { hidden, type Page } from './layout.ts'

export interface ConsentPage {
  readonly csrf: string
  /** Where the answer is posted: `decision` is `allow` or `deny`. */
  readonly action: string
  readonly application: string
  readonly organization?: string | undefined
  readonly person: string
  readonly scopes: readonly { readonly name: string; readonly says: string }[]
  /** Single things that it wants to do, as it says them. */
  readonly details?: readonly { readonly type: string; readonly says: string }[]
  /** Origin the person goes to next, shown so that they can judge it. */
  readonly goesTo: string
}

/** Whether an application may have what it asks for. */
export const consentPage = (it: ConsentPage): Page => ({
  title: `Allow ${it.application}`,
  organization: it.organization,
  body: html`<h1>Allow ${it.application}?</h1>
<p class="lead">It asks to act with your account, ${it.person}:</p>
<ul class="scopes">${it.scopes.map(({ name, says }) => html`<li>${says}<small>${name}</small></li>`)}</ul>
${(it.details ?? []).map(({ type, says }) => html`<p>${type}</p><pre>${says}</pre>`)}
<form method="post" action="${it.action}">
${hidden({ csrf: it.csrf })}
<div class="pair">
<button class="quiet" name="decision" value="deny" type="submit">Not now</button>
<button name="decision" value="allow" type="submit">Allow</button>
</div>
</form>
<p class="after">You go on to <b>${it.goesTo}</b>.</p>`,
})
