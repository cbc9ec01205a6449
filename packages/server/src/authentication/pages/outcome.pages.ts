import { html } from './html.ts'
import { button, hidden, type Page } from './layout.ts'

/** On the way to an address of ours that leads elsewhere. Leaves at once; the link is for who must go by hand. */
export const onwardPage = (address: string, says = 'You are signed in'): Page => ({
  title: says,
  goTo: address,
  body: html`<h1>${says}</h1>
<p class="lead">Taking you to where you were going.</p>
<a class="button" href="${address}">Continue</a>`,
})

export interface SignOutPage {
  readonly person: string
  readonly action: string
  readonly fields: Readonly<Record<string, string | undefined>>
}

export const signOutPage = (it: SignOutPage): Page => ({
  title: 'Sign out',
  body: html`<h1>Sign out?</h1>
<p class="lead">You are signed in as ${it.person}. Applications you opened with this session lose it too.</p>
<form method="post" action="${it.action}">${hidden(it.fields)}${button('Sign out')}</form>
<p class="after"><a href="/account">Stay signed in</a></p>`,
})

export const signedOutPage = (): Page => ({
  title: 'Signed out',
  body: html`<h1>You are signed out</h1>
<p class="lead">This browser no longer has a session here. On a shared computer, close its windows too.</p>
<a class="button" href="/sign-in">Sign in again</a>`,
})

export interface ErrorPage {
  readonly title: string
  /** What happened, and what to do now. */
  readonly says: string
  readonly requestId?: string | undefined
  readonly next?: { readonly href: string; readonly label: string } | undefined
}

export const errorPage = (it: ErrorPage): Page => ({
  title: it.title,
  body: html`<h1>${it.title}</h1>
<p class="lead">${it.says}</p>
${it.next && html`<a class="button" href="${it.next.href}">${it.next.label}</a>`}
${it.requestId !== undefined && html`<p class="after">If you ask for help, give this request id: <code>${it.requestId}</code></p>`}`,
})

export interface DeniedPage {
  readonly application?: string | undefined
  readonly person?: string | undefined
  /** Names the decision; an administrator finds it in the record. */
  readonly reasonId: string
  readonly action?: string | undefined
  readonly resource?: string | undefined
  /** A sentence that the policy's author wrote for the person denied. */
  readonly says?: string | undefined
}

/** Signed in, but not allowed: says so to a person, with what finds the reason in the record. */
export const deniedPage = (it: DeniedPage): Page => ({
  title: 'Not allowed',
  organization: it.application,
  body: html`<h1>You may not open this</h1>
<p class="lead">${it.says ?? 'You are signed in, but no policy lets you do this. If you need it, ask who looks after the application, and give them the reason id.'}</p>
<dl class="reason">
${it.person !== undefined && html`<div><dt>Signed in as</dt><dd>${it.person}</dd></div>`}
${it.action !== undefined && html`<div><dt>Wanted</dt><dd>${it.action}</dd></div>`}
${it.resource !== undefined && html`<div><dt>Resource</dt><dd>${it.resource}</dd></div>`}
<div><dt>Reason id</dt><dd><code>${it.reasonId}</code></dd></div>
</dl>
<a class="button quiet" href="/account">My account</a>
<p class="after"><a href="/sign-out">Sign in as someone else</a></p>`,
})
