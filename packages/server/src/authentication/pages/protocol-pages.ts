import type { FastifyRequest } from 'fastify'
import { languageNames } from '../languages/languages.ts'
import { lookOf } from '../languages/look.ts'
import { fill } from '../languages/say.ts'
import type { Services } from '../services.ts'
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
import { at, doorOf } from './door-of.ts'
import type { Page } from './layout.ts'
import { errorPage, onwardPage, type SignOutPage, signedOutPage, signOutPage } from './outcome.pages.ts'
import { type RenderedPage, renderPage } from './send-page.ts'

/** The organization that a page is about, where there is one: of the application. */
interface About {
  readonly organizationId?: string | undefined
}

/** A page for whoever sent the request, in their language. */
const to = (request: FastifyRequest, page: Page, asked?: unknown): RenderedPage =>
  renderPage(page, lookOf(request, asked))

/** The pages around OAuth and OpenID Connect, for the room that speaks them. */
export function protocolPages(services: Pick<Services, 'people' | 'storage' | 'cookies' | 'sessions'>) {
  const { people, storage } = services
  const branded = async (request: FastifyRequest, page: Page, { organizationId }: About = {}): Promise<RenderedPage> =>
    to(request, at(await doorOf(services, request, organizationId), page))
  return {
    languages: languageNames,
    /** @param it.uiLocales what the application asked for, which is not in the address of the page itself */
    consent: async (
      request: FastifyRequest,
      it: Omit<ConsentPage, 'organization'> & { readonly organizationId: string; readonly uiLocales?: unknown },
    ): Promise<RenderedPage> => {
      const organization = await people.findOrganization(storage.db, it.organizationId)
      return to(request, consentPage({ ...it, organization }), it.uiLocales)
    },
    deviceCode: (request: FastifyRequest, it: DeviceCodePage) => branded(request, deviceCodePage(it)),
    deviceConfirm: (request: FastifyRequest, it: DeviceConfirmPage & About) =>
      branded(request, deviceConfirmPage(it), it),
    deviceDone: (request: FastifyRequest, it: { readonly application: string } & About) =>
      branded(request, deviceDonePage(it.application), it),
    requests: (request: FastifyRequest, it: RequestsPage) => branded(request, requestsPage(it)),
    applications: async (
      request: FastifyRequest,
      it: Omit<ApplicationsPage, 'organization'> & { readonly organizationId: string },
    ): Promise<RenderedPage> => {
      const organization = await people.findOrganization(storage.db, it.organizationId)
      return to(request, applicationsPage({ ...it, organization }))
    },
    signOut: (request: FastifyRequest, it: SignOutPage & About) => branded(request, signOutPage(it), it),
    signedOut: (request: FastifyRequest, it: About = {}) => branded(request, signedOutPage(), it),
    /** @throws {TypeError} for an address that would run as a script */
    onward: async (request: FastifyRequest, address: string, it: About = {}): Promise<RenderedPage> => {
      if (/^\s*(javascript|data|vbscript):/i.test(address)) throw new TypeError('not an address to go to')
      return branded(request, onwardPage(address, 'onward'), it)
    },
    /** What the protocol says of it stands in English, as in its specification: it is for who looks after the application. */
    refused: (request: FastifyRequest, it: { readonly says: string; readonly requestId: string } & About) =>
      branded(
        request,
        errorPage({
          title: (t) => t.outcome.refusedTitle,
          says: (t) => fill(t.outcome.refusedSays, { says: it.says.replace(/[.]?$/, '.') }),
          requestId: it.requestId,
        }),
        it,
      ),
  }
}
