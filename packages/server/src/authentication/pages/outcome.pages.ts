import type { Texts } from '../languages/languages.ts'
import { fill, fillHtml, type Says } from '../languages/say.ts'
import { html } from './html.ts'
import { button, hidden, type Page } from './layout.ts'

/** On the way to an address of ours that leads elsewhere. Leaves at once; the link is for who must go by hand. */
export const onwardPage =
  (address: string, says: keyof Pick<Texts['outcome'], 'signedIn' | 'onward'> = 'signedIn'): Page =>
  ({ t }) => ({
    title: t.outcome[says],
    goTo: address,
    body: html`<h1>${t.outcome[says]}</h1>
<p class="lead">${t.outcome.taking}</p>
<a class="button" href="${address}">${t.common.continue}</a>`,
  })

export interface SignOutPage {
  readonly person: string
  readonly action: string
  readonly fields: Readonly<Record<string, string | undefined>>
}

export const signOutPage =
  (it: SignOutPage): Page =>
  ({ t }) => ({
    title: t.outcome.signOutTitle,
    body: html`<h1>${t.outcome.signOutHeading}</h1>
<p class="lead">${fill(t.outcome.signOutLead, { person: it.person })}</p>
<form method="post" action="${it.action}">${hidden(it.fields)}${button(t.account.signOut)}</form>
<p class="after"><a href="/account">${t.outcome.staySignedIn}</a></p>`,
  })

export const signedOutPage =
  (): Page =>
  ({ t }) => ({
    title: t.outcome.signedOutTitle,
    body: html`<h1>${t.outcome.signedOutHeading}</h1>
<p class="lead">${t.outcome.signedOutLead}</p>
<a class="button" href="/sign-in">${t.outcome.signInAgain}</a>`,
  })

export interface ErrorPage {
  readonly title: Says
  /** What happened, and what to do now. */
  readonly says: Says
  readonly requestId?: string | undefined
  readonly next?: { readonly href: string; readonly label: Says } | undefined
}

export const errorPage =
  (it: ErrorPage): Page =>
  ({ t }) => ({
    title: it.title(t),
    body: html`<h1>${it.title(t)}</h1>
<p class="lead">${it.says(t)}</p>
${it.next && html`<a class="button" href="${it.next.href}">${it.next.label(t)}</a>`}
${it.requestId !== undefined && html`<p class="after">${fillHtml(t.outcome.requestId, { id: html`<code>${it.requestId}</code>` })}</p>`}`,
  })
