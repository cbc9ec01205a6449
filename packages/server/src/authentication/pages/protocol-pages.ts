import { consentPage } from './consent.page.ts'
import { errorPage, onwardPage, type SignOutPage, signedOutPage, signOutPage } from './outcome.pages.ts'
import { type RenderedPage, renderPage } from './send-page.ts'

const scopes: Readonly<Record<string, string>> = {
  openid: 'Know who you are',
  profile: 'See your name and user name',
  email: 'See your e-mail address',
  organization: 'Know which organization you are in',
  gatehouse: 'Do in Gatehouse itself, in your name, everything that you may do there',
  offline_access: 'Stay connected while you are away',
}

/** The pages around OAuth and OpenID Connect, for the room that speaks them. */
export const protocolPages = {
  consent: (it: {
    readonly application: string
    readonly person: string
    readonly scopes: readonly string[]
    readonly others: readonly string[]
    readonly action: string
    readonly csrf: string
    readonly goesTo: string
  }): RenderedPage =>
    renderPage(
      consentPage({
        ...it,
        scopes: [
          ...it.scopes.map((name) => ({ name, says: scopes[name] ?? `Use “${name}”` })),
          ...it.others.map((name) => ({ name, says: `Do in ${name}, in your name, what you may do there` })),
        ],
      }),
    ),
  signOut: (it: SignOutPage): RenderedPage => renderPage(signOutPage(it)),
  signedOut: (): RenderedPage => renderPage(signedOutPage()),
  /** @throws {TypeError} for an address that would run as a script */
  onward: (address: string): RenderedPage => {
    if (/^\s*(javascript|data|vbscript):/i.test(address)) throw new TypeError('not an address to go to')
    return renderPage(onwardPage(address, 'On to the application'))
  },
  refused: (it: { readonly says: string; readonly requestId: string }): RenderedPage =>
    renderPage(
      errorPage({
        title: 'The application asked for something wrong',
        says: `${it.says.replace(/[.]?$/, '.')} Go back to it and try again; if it stays, tell who looks after it.`,
        requestId: it.requestId,
      }),
    ),
}
