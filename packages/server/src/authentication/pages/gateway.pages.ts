import { fill } from '../languages/say.ts'
import { html } from './html.ts'
import type { Page } from './layout.ts'

/** Pages on an application's own host: no path of ours is there, so every address in them is whole. */
export interface GatewayDeniedPage {
  readonly application: string
  readonly person: string | undefined
  readonly action: string | undefined
  readonly resource: string | undefined
  readonly reason: string
  /** What the policy says to people, in whatever language its author wrote. */
  readonly says: string | undefined
  readonly requestId: string
  readonly signOut: string
}

/** Signed in, but not allowed: says so to a person, with what finds the decision in the record. */
export const gatewayDeniedPage =
  (it: GatewayDeniedPage): Page =>
  ({ t }) => {
    const title = fill(t.gateway.deniedTitle, { application: it.application })
    const rows = [
      [t.gateway.signedInAs, it.person],
      [t.gateway.wanted, it.action],
      [t.gateway.resource, it.resource],
      [t.gateway.reason, it.reason],
      [t.gateway.request, it.requestId],
    ] as const
    return {
      title,
      body: html`<h1>${title}</h1>
<p class="lead" dir="auto">${it.says ?? t.gateway.deniedSays}</p>
<dl class="reason">
${rows.map(([name, text]) => text !== undefined && html`<div><dt>${name}</dt><dd dir="auto">${text}</dd></div>`)}
</dl>
<a class="button quiet" href="${it.signOut}">${t.gateway.someoneElse}</a>`,
    }
  }

/** For a gateway that cannot redirect, or a code that came too late. */
export const gatewaySignInPage =
  (it: { readonly address: string }): Page =>
  ({ t }) => ({
    title: t.gateway.signInTitle,
    body: html`<h1>${t.gateway.signInTitle}</h1>
<p class="lead">${t.gateway.signInLead}</p>
<a class="button" href="${it.address}">${t.common.signIn}</a>`,
  })

/** Signed in, and not as surely as is asked for here and now. */
export const gatewayWeakPage =
  (it: { readonly application: string; readonly account: string; readonly again?: string | undefined }): Page =>
  ({ t }) => {
    const title = fill(t.gateway.weakTitle, { application: it.application })
    return {
      title,
      body: html`<h1>${title}</h1>
<p class="lead">${t.gateway.weakSays}</p>
${it.again !== undefined && html`<a class="button" href="${it.again}">${t.outcome.signInAgain}</a>`}
<p class="after"><a href="${it.account}">${t.account.title}</a></p>`,
    }
  }

/** Nothing that can be opened: an address that nobody registered, a path that cannot be read in one way, a place not to start from. */
export const gatewayBrokenPage =
  (it: { readonly reason: string | undefined; readonly requestId: string }): Page =>
  ({ t }) => ({
    title: t.gateway.brokenTitle,
    body: html`<h1>${t.gateway.brokenTitle}</h1>
<p class="lead">${t.gateway.brokenSays}</p>
<dl class="reason">
${it.reason !== undefined && html`<div><dt>${t.gateway.reason}</dt><dd>${it.reason}</dd></div>`}
<div><dt>${t.gateway.request}</dt><dd>${it.requestId}</dd></div>
</dl>`,
  })
