import type { FastifyRequest } from 'fastify'
import { brandWithin, type Door } from '../branding/brand.ts'
import { lookIn, lookOf } from '../languages/look.ts'
import {
  type GatewayDeniedPage,
  gatewayBrokenPage,
  gatewayDeniedPage,
  gatewaySignInPage,
  gatewayWeakPage,
} from './gateway.pages.ts'
import type { Page } from './layout.ts'
import { type RenderedPage, renderWhole } from './send-page.ts'

/** An organization by its id; undefined where it is not known: then the page is ours. */
export type FindDoor = (organizationId: string) => Promise<Door | undefined>

/**
 * Pages that gateways show on an application's own host, where none of our files can be had: whole in themselves, in the language of
 * whoever sent the request, as the application's organization looks.
 */
export function gatewayPages(find: FindDoor) {
  const send = async (request: FastifyRequest, page: Page, organizationId?: string): Promise<RenderedPage> => {
    const door = await doorOf(request, organizationId)
    const brand = door && brandWithin(door)
    const shown: Page =
      door === undefined || brand === undefined
        ? page
        : (look) => ({ ...page(look), door: { displayName: door.displayName, brand } })
    return renderWhole(shown, lookIn(lookOf(request).language))
  }
  // A page that says what went wrong is shown whatever else is wrong.
  const doorOf = (request: FastifyRequest, organizationId: string | undefined): Promise<Door | undefined> =>
    organizationId === undefined
      ? Promise.resolve(undefined)
      : find(organizationId).catch((error) => {
          request.log.info({ err: error }, 'Whose door a page is could not be found')
          return undefined
        })
  return {
    denied: (request: FastifyRequest, it: GatewayDeniedPage & { readonly organizationId: string }) =>
      send(request, gatewayDeniedPage(it), it.organizationId),
    signIn: (request: FastifyRequest, it: { readonly organizationId: string | undefined; readonly address: string }) =>
      send(request, gatewaySignInPage(it), it.organizationId),
    tooWeak: (
      request: FastifyRequest,
      it: {
        readonly organizationId: string
        readonly application: string
        readonly account: string
        readonly again?: string | undefined
      },
    ) => send(request, gatewayWeakPage(it), it.organizationId),
    broken: (request: FastifyRequest, it: { readonly reason: string | undefined }) =>
      send(request, gatewayBrokenPage({ ...it, requestId: request.id })),
  }
}
