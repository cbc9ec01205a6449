import { describeAgent } from '../sessions/session.ts'
import { consentPage } from './consent.page.ts'
import {
  type DeviceCodePage,
  type DeviceConfirmPage,
  deviceCodePage,
  deviceConfirmPage,
  deviceDonePage,
  type RequestsPage,
  requestsPage,
} from './device.pages.ts'
import { errorPage, onwardPage, type SignOutPage, signedOutPage, signOutPage } from './outcome.pages.ts'
import { type RenderedPage, renderPage } from './send-page.ts'

const scopes: Readonly<Record<string, string>> = {
  openid: 'Know who you are',
  profile: 'See your name and user name',
  email: 'See your e-mail address',
  address: 'See your postal address',
  phone: 'See your telephone number',
  organization: 'Know which organization you are in',
  gatehouse: 'Do in Gatehouse itself, in your name, everything that you may do there',
  offline_access: 'Stay connected while you are away',
}

const sayOther = (name: string) =>
  name.startsWith('claim:') ? `See your ${name.slice('claim:'.length).replaceAll('_', ' ')}` : `Use “${name}”`
const sayScopes = (names: readonly string[]) => names.map((name) => ({ name, says: scopes[name] ?? sayOther(name) }))

/** The pages around OAuth and OpenID Connect, for the room that speaks them. */
export const protocolPages = {
  consent: (it: {
    readonly application: string
    readonly person: string
    readonly scopes: readonly string[]
    readonly others: readonly string[]
    readonly details?: readonly { readonly type: string; readonly says: string }[]
    readonly action: string
    readonly csrf: string
    readonly goesTo: string
  }): RenderedPage =>
    renderPage(
      consentPage({
        ...it,
        scopes: [
          ...sayScopes(it.scopes),
          ...it.others.map((name) => ({ name, says: `Do in ${name}, in your name, what you may do there` })),
        ],
      }),
    ),
  deviceCode: (it: DeviceCodePage): RenderedPage => renderPage(deviceCodePage(it)),
  deviceConfirm: (it: DeviceConfirmPage): RenderedPage =>
    renderPage(deviceConfirmPage({ ...it, agent: it.agent === '' ? '' : describeAgent(it.agent) })),
  deviceDone: (it: { readonly application: string }): RenderedPage => renderPage(deviceDonePage(it.application)),
  requests: (
    it: Omit<RequestsPage, 'requests'> & {
      readonly requests: readonly (Omit<RequestsPage['requests'][number], 'scopes'> & {
        readonly scopes: readonly string[]
      })[]
    },
  ): RenderedPage =>
    renderPage(
      requestsPage({ ...it, requests: it.requests.map((one) => ({ ...one, scopes: sayScopes(one.scopes) })) }),
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
