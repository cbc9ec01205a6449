import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { findProvider, isProviderId, type Provider } from '#directory'
import { isFault } from '#kernel'
import { requireOwnForm } from '../http/own-form.ts'
import { parseReturnTo } from '../http/return-to.ts'
import { anonymousAct, readVisitor, requireResident } from '../http/visitor.ts'
import { lookOf } from '../languages/look.ts'
import { fill, type Says } from '../languages/say.ts'
import { departPage } from '../pages/federation.pages.ts'
import { errorPage } from '../pages/outcome.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import { signInPage } from '../pages/sign-in.pages.ts'
import type { Services } from '../services.ts'
import { parseAcr } from '../sessions/session.ts'
import { findAttempt } from '../sign-in/attempt.store.ts'
import { goOn } from '../sign-in/step.routes.ts'
import type { Beginning } from './begin-federation.ts'
import { offeredProviders } from './offer.ts'
import type { Ending } from './return-from.ts'
import type { UpstreamProblem } from './upstream.ts'

/** To a provider and back, and the links of my account. */
export function addFederationRoutes(app: FastifyInstance, services: Services): void {
  const { cookies, storage, clock, web, providerHealth } = services
  const activeProvider = async (id: unknown): Promise<Provider | undefined> => {
    const found = isProviderId(id) ? await findProvider(storage.db, id) : undefined
    return found?.state === 'active' ? found : undefined
  }
  const organizationOf = async (provider: Provider | undefined) =>
    provider && services.people.findOrganization(storage.db, provider.organizationId)

  /** Back at the door, with what happened and every other way in. */
  const atDoor = async (
    request: FastifyRequest,
    reply: FastifyReply,
    provider: Provider | undefined,
    says: Says,
    status: number,
    returnTo?: string,
  ) => {
    const organization = await organizationOf(provider)
    const form = { csrf: cookies.flow(request, reply).csrf, returnTo }
    const providers = await offeredProviders(services, organization)
    return sendPage(reply, signInPage({ form, organization, providers, wrong: says }), status)
  }

  const leave = async (reply: FastifyReply, it: Beginning) => {
    const { provider } = it
    const { beginFederation } = await import('./begin-federation.ts')
    const address = await beginFederation(services, it)
    const organization = await organizationOf(provider)
    return sendPage(reply, departPage({ provider: provider.displayName, address, organization }))
  }

  app.post('/sign-in/provider', async (request, reply) => {
    const form = requireOwnForm(request, cookies.read(request, 'flow'), web.url)
    const flow = cookies.flow(request, reply)
    const attempt = await findAttempt(storage.db, flow.keyHash, clock.nowMs())
    const known = attempt !== undefined && attempt.id === form.attempt ? attempt : undefined
    const returnTo = known?.returnTo ?? parseReturnTo(form.return_to, web.url)
    const provider = await activeProvider(form.provider)
    if (provider === undefined) return atDoor(request, reply, undefined, (t) => t.federation.gone, 404, returnTo)
    const { current } = await readVisitor(services, request)
    try {
      return await leave(reply, {
        provider,
        flow,
        returnTo,
        acr: known?.acr ?? parseAcr(form.acr),
        // A session that there is already is to be proved anew: the provider's own session is no proof of it.
        fresh: current !== undefined,
        login: known?.login.includes('@') ? known.login : undefined,
        language: lookOf(request).language,
      })
    } catch (error) {
      if (!isUpstreamProblem(error)) throw error
      providerHealth.count(error.outcome, provider.id, error.message)
      request.log.warn({ err: error }, 'An identity provider cannot be asked')
      return atDoor(request, reply, provider, sayEnding(provider, { kind: error.outcome }), 503, returnTo)
    }
  })

  app.get('/sign-in/federated/:providerId', async (request, reply) => {
    const { providerId } = request.params as { providerId: string }
    const provider = isProviderId(providerId) ? await findProvider(storage.db, providerId) : undefined
    const visitor = await readVisitor(services, request)
    const act = anonymousAct(request)
    const brought = new URL(request.url, web.url).searchParams
    const browser = cookies.flow(request, reply)
    const { language } = lookOf(request)
    const { returnFrom } = await import('./return-from.ts')
    try {
      const { outcome, ending, flow } = await returnFrom(services, { act, visitor, browser, provider, brought, language }) // biome-ignore format: one line
      if (outcome !== undefined) return goOn(services, reply, outcome)
      const kind = ending?.kind ?? 'stale'
      if (kind === 'linked') return reply.redirect('/account?done=linked', 303)
      // A page reloaded, or gone back to, by somebody who is in.
      if (kind === 'stale' && visitor.current !== undefined) return reply.redirect('/account', 303)
      const says = sayEnding(provider, ending as Ending)
      const status = statuses[kind]
      if (ending?.kind === 'throttled') reply.header('retry-after', String(ending.seconds))
      if (flow?.link === undefined) return await atDoor(request, reply, provider, says, status, flow?.returnTo)
      const next = { href: '/account', label: (t: Parameters<Says>[0]) => t.common.backToAccount }
      return sendPage(reply, errorPage({ title: (t) => t.outcome.failed, says, next }), status)
    } catch (error) {
      if (isFault(error, 'authentication.form_stale'))
        return atDoor(request, reply, provider, sayEnding(provider, { kind: 'stale' }), 409)
      if (isFault(error, 'authentication.registration_full'))
        return atDoor(request, reply, provider, (t) => t.faults['authentication.registration_full'], error.status)
      if (!isFault(error, 'authentication.rejected')) throw error
      return atDoor(
        request,
        reply,
        provider,
        (t) => fill(t.federation.barred, { provider: provider?.displayName ?? '' }),
        error.status,
      )
    }
  })

  app.post('/account/identities/:id/link', async (request, reply) => {
    const resident = await requireResident(services, request, { fresh: true, returnTo: '/account' })
    requireOwnForm(request, resident.token, web.url)
    const provider = await activeProvider((request.params as { id: string }).id)
    const next = { href: '/account', label: (t: Parameters<Says>[0]) => t.common.backToAccount }
    const refuse = (says: Says, status: number) =>
      sendPage(reply, errorPage({ title: (t) => t.outcome.failed, says, next }), status)
    if (provider?.organizationId !== resident.person.organizationId) return refuse((t) => t.federation.gone, 404)
    try {
      return await leave(reply, {
        provider: provider as Provider,
        flow: cookies.flow(request, reply),
        returnTo: '/account',
        link: { userId: resident.person.id, sessionId: resident.session.id },
        fresh: false,
        language: lookOf(request).language,
      })
    } catch (error) {
      if (!isUpstreamProblem(error)) throw error
      providerHealth.count(error.outcome, provider?.id, error.message)
      return refuse(sayEnding(provider, { kind: error.outcome }), 503)
    }
  })

  app.post('/account/identities/:id/unlink', async (request, reply) => {
    const resident = await requireResident(services, request, { fresh: true, returnTo: '/account' })
    requireOwnForm(request, resident.token, web.url)
    try {
      const { unlinkOwnIdentity } = await import('./link-identity.ts')
      await unlinkOwnIdentity(services, resident, (request.params as { id: string }).id)
      return reply.redirect('/account?done=unlinked', 303)
    } catch (error) {
      if (!isFault(error, 'authentication.last_factor')) throw error
      const next = { href: '/account', label: (t: Parameters<Says>[0]) => t.common.backToAccount }
      return sendPage(
        reply,
        errorPage({ title: (t) => t.outcome.failed, says: (t) => t.account.lastFactor, next }),
        409,
      )
    }
  })

  // OpenID Connect Back-Channel Logout §2.5: a signed token, no cookie.
  app.post('/sign-in/federated/:providerId/logout', async (request, reply) => {
    const provider = await activeProvider((request.params as { providerId: string }).providerId)
    const { logout_token: token } = (request.body ?? {}) as { logout_token?: unknown }
    const { takeLogoutToken } = await import('./provider-logout.ts')
    const done = provider !== undefined && (await takeLogoutToken(services, anonymousAct(request), provider, token))
    reply.header('cache-control', 'no-store')
    return done ? reply.code(200).send() : reply.code(400).send({ error: 'invalid_request' })
  })
}

/** By its name: the class is loaded when somebody comes by a provider. */
const isUpstreamProblem = (error: unknown): error is UpstreamProblem =>
  error instanceof Error && error.name === 'UpstreamProblem'

const statuses: Readonly<Record<Ending['kind'], number>> = {
  stale: 409,
  unreachable: 503,
  invalid: 502,
  refused: 403,
  not_linked: 403,
  waiting: 403,
  address_known: 403,
  taken: 409,
  many: 409,
  throttled: 429,
  linked: 200,
}

const sayEnding =
  (provider: Provider | undefined, ending: Ending): Says =>
  (t) => {
    const name = { provider: provider?.displayName ?? '' }
    switch (ending.kind) {
      case 'throttled':
        return fill(t.signIn.tooMany, { seconds: ending.seconds })
      case 'stale':
        return t.federation.stale
      case 'linked':
        return ''
      default:
        return fill(t.federation[ending.kind], name)
    }
  }
