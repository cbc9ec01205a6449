import type { Look } from '../languages/look.ts'
import { fill, sayAgo, sayDay } from '../languages/say.ts'
import { type Html, html } from './html.ts'
import { hidden } from './layout.ts'

export interface IdentityRow {
  readonly id: string
  readonly provider: { readonly id: string; readonly displayName: string }
  readonly knownAs: { readonly subject: string; readonly email?: string | undefined }
  readonly linkedAtMs: number
  readonly usedAtMs: number | undefined
}

interface Shown {
  readonly form: { readonly csrf: string }
  readonly nowMs: number
  readonly identities: readonly IdentityRow[]
  readonly providers: readonly { readonly id: string; readonly displayName: string }[]
}

/** By which identities elsewhere one signs in here. */
export const identitiesPanel = (
  it: Shown,
  { t, language }: Look,
): Html => html`<section class="panel" aria-labelledby="identities">
<h2 id="identities">${t.federation.heading}</h2>
<ul class="rows">${it.identities.map((each) => {
  const day = sayDay(language, each.linkedAtMs)
  const says =
    each.usedAtMs === undefined
      ? fill(t.federation.linkedSince, { day })
      : fill(t.federation.linkedUsed, { day, ago: sayAgo(language, each.usedAtMs, it.nowMs) })
  const name = each.provider.displayName
  return html`<li><div><b dir="auto">${name}</b><small><bdi>${each.knownAs.email ?? each.knownAs.subject}</bdi> · ${says}</small></div><form method="post" action="/account/identities/${each.id}/unlink">${hidden({ csrf: it.form.csrf })}<button class="danger" type="submit" aria-label="${fill(t.federation.unlinkFrom, { provider: name })}">${t.federation.unlink}</button></form></li>`
})}
${it.providers
  .filter(({ id }) => !it.identities.some(({ provider }) => provider.id === id))
  .map(
    ({ id, displayName }) =>
      html`<li><div><b dir="auto">${displayName}</b><small>${t.federation.notLinked}</small></div><form method="post" action="/account/identities/${id}/link">${hidden({ csrf: it.form.csrf })}<button class="quiet" type="submit" aria-label="${fill(t.federation.linkTo, { provider: displayName })}">${t.federation.link}</button></form></li>`,
  )}
</ul>
</section>`
