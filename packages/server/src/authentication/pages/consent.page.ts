import { fill, fillHtml } from '../languages/say.ts'
import { html } from './html.ts'
import { type Door, hidden, type Page } from './layout.ts'
import { sayScopes } from './say-scopes.ts'

export interface ConsentPage {
  readonly csrf: string
  /** Where the answer is posted: `decision` is `allow` or `deny`. */
  readonly action: string
  readonly application: string
  readonly organization?: Door | undefined
  readonly person: string
  readonly scopes: readonly string[]
  /** Names of other applications at which it wants to act. */
  readonly others: readonly string[]
  /** Single things that it wants to do, as it says them. */
  readonly details?: readonly { readonly type: string; readonly says: string }[]
  /** Origin the person goes to next, shown so that they can judge it; undefined for a device. */
  readonly goesTo: string | undefined
}

/** Whether an application may have what it asks for. */
export const consentPage =
  (it: ConsentPage): Page =>
  ({ t }) => ({
    title: fill(t.consent.title, { application: it.application }),
    organization: it.organization,
    body: html`<h1>${fill(t.consent.heading, { application: it.application })}</h1>
<p class="lead">${fillHtml(t.consent.lead, { person: html`<bdi>${it.person}</bdi>` })}</p>
<ul class="scopes">${[
      ...sayScopes(t, it.scopes),
      ...it.others.map((name) => ({ name, says: fill(t.consent.others, { application: name }) })),
    ].map(({ name, says }) => html`<li>${says}<small dir="auto">${name}</small></li>`)}</ul>
${(it.details ?? []).map(({ type, says }) => html`<p>${type}</p><pre dir="ltr" tabindex="0">${says}</pre>`)}
<form method="post" action="${it.action}">
${hidden({ csrf: it.csrf })}
<div class="pair">
<button class="quiet" name="decision" value="deny" type="submit">${t.consent.deny}</button>
<button name="decision" value="allow" type="submit">${t.consent.allow}</button>
</div>
</form>
<p class="after">${fillHtml(t.consent.goesTo, { place: html`<b dir="auto">${it.goesTo ?? t.consent.yourDevice}</b>` })}</p>`,
  })
