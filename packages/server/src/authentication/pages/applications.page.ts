import { fill, sayDay } from '../languages/say.ts'
import { html } from './html.ts'
import { type Door, hidden, notice, type Page } from './layout.ts'
import { sayScopes } from './say-scopes.ts'

export interface ApplicationsPage {
  readonly organization?: Door | undefined
  readonly person: string
  readonly applications: readonly {
    readonly action: string
    readonly fields: Readonly<Record<string, string>>
    readonly name: string
    readonly scopes: readonly string[]
    readonly allowedAtMs: number | undefined
    readonly connected: boolean
  }[]
  readonly withdrawn: boolean
}

/** What acts for me, and what I allowed it. */
export const applicationsPage =
  (it: ApplicationsPage): Page =>
  ({ t, language }) => ({
    title: t.applications.title,
    frame: 'plain',
    person: it.person,
    organization: it.organization,
    body: html`<h1>${t.applications.title}</h1>
<p class="lead">${t.applications.lead}</p>
${it.withdrawn && notice('good', t.account.doneWithdrawn)}
<section class="panel" aria-label="${t.applications.title}">
${
  it.applications.length === 0
    ? html`<p>${t.applications.none}</p>`
    : html`<ul class="rows">${it.applications.map(
        (
          one,
        ) => html`<li><div><b dir="auto">${one.name}</b>${one.connected && html`<span class="tag">${t.applications.signedIn}</span>`}
<small>${one.allowedAtMs !== undefined && html`${fill(t.applications.allowed, { day: sayDay(language, one.allowedAtMs) })}: `}${sayScopes(t, one.scopes).map(({ says }, at) => html`${at > 0 && ' · '}${says}`)}</small></div>
<form method="post" action="${one.action}">${hidden(one.fields)}<button class="danger" type="submit" aria-label="${fill(t.applications.withdrawFrom, { application: one.name })}">${t.applications.withdraw}</button></form></li>`,
      )}</ul>`
}
</section>
<p class="after"><a href="/account">${t.common.backToAccount}</a></p>`,
  })
