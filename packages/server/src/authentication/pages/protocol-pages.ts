import type { FastifyRequest } from 'fastify'
import type { AuthenticationDeps } from '../deps.ts'
import { languageNames } from '../languages/languages.ts'
import { lookOf } from '../languages/look.ts'
import { fill } from '../languages/say.ts'
import { type ApplicationsPage, applicationsPage } from './applications.page.ts'
import { type ConsentPage, consentPage } from './consent.page.ts'
import {
  type DeviceCodePage,
  type DeviceConfirmPage,
  deviceCodePage,
  deviceConfirmPage,
  deviceDonePage,
  type RequestsPage,
  requestsPage,
} from './device.pages.ts'
import type { Page } from './layout.ts'
import { errorPage, onwardPage, type SignOutPage, signedOutPage, signOutPage } from './outcome.pages.ts'
import { type RenderedPage, renderPage } from './send-page.ts'

/** A page for whoever sent the request, in their language. */
const to = (request: FastifyRequest, page: Page, asked?: unknown): RenderedPage =>
  renderPage(page, lookOf(request, asked))

/** The pages around OAuth and OpenID Connect, for the room that speaks them. */
export const protocolPages = ({ people, storage }: Pick<AuthenticationDeps, 'people' | 'storage'>) => ({
  languages: languageNames,
  /** @param it.uiLocales what the application asked for, which is not in the address of the page itself */
  consent: async (
    request: FastifyRequest,
    it: Omit<ConsentPage, 'organization'> & { readonly organizationId: string; readonly uiLocales?: unknown },
  ): Promise<RenderedPage> => {
    const organization = await people.findOrganization(storage.db, it.organizationId)
    return to(request, consentPage({ ...it, organization }), it.uiLocales)
  },
  deviceCode: (request: FastifyRequest, it: DeviceCodePage): RenderedPage => to(request, deviceCodePage(it)),
  deviceConfirm: (request: FastifyRequest, it: DeviceConfirmPage): RenderedPage => to(request, deviceConfirmPage(it)),
  deviceDone: (request: FastifyRequest, it: { readonly application: string }): RenderedPage =>
    to(request, deviceDonePage(it.application)),
  requests: (request: FastifyRequest, it: RequestsPage): RenderedPage => to(request, requestsPage(it)),
  applications: async (
    request: FastifyRequest,
    it: Omit<ApplicationsPage, 'organization'> & { readonly organizationId: string },
  ): Promise<RenderedPage> => {
    const organization = await people.findOrganization(storage.db, it.organizationId)
    return to(request, applicationsPage({ ...it, organization }))
  },
  signOut: (request: FastifyRequest, it: SignOutPage): RenderedPage => to(request, signOutPage(it)),
  signedOut: (request: FastifyRequest): RenderedPage => to(request, signedOutPage()),
  /** @throws {TypeError} for an address that would run as a script */
  onward: (request: FastifyRequest, address: string): RenderedPage => {
    if (/^\s*(javascript|data|vbscript):/i.test(address)) throw new TypeError('not an address to go to')
    return to(request, onwardPage(address, 'onward'))
  },
  /** What the protocol says of it stands in English, as in its specification: it is for who looks after the application. */
  refused: (request: FastifyRequest, it: { readonly says: string; readonly requestId: string }): RenderedPage =>
    to(
      request,
      errorPage({
        title: (t) => t.outcome.refusedTitle,
        says: (t) => fill(t.outcome.refusedSays, { says: it.says.replace(/[.]?$/, '.') }),
        requestId: it.requestId,
      }),
    ),
})
