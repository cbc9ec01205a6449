import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Web } from '#web'
import { isStrongEnough, type StepUp } from '../obligations/strength.ts'
import type { Forwarded } from './forwarded.ts'
import { GatewayCookies } from './gateway-cookies.ts'
import type { GatewayMemory } from './gateway-memory.ts'
import { normalisePath } from './path.ts'
import type { GatewayPages, SessionFinder } from './ports.ts'

/** Paths of an application's own host that the gateway leaves to Gatehouse. */
export const gatewayPaths = {
  signIn: '/.gatehouse/sign-in',
  callback: '/.gatehouse/callback',
  signOut: '/.gatehouse/sign-out',
} as const
/** Where Gatehouse itself takes a sign-in on to an application behind a gateway. */
export const continuePath = '/gateway/continue'

export interface SignInDeps {
  readonly url: string
  readonly memory: GatewayMemory
  readonly cookies: GatewayCookies
  readonly sessions: SessionFinder
  readonly pages: GatewayPages
  readonly nowMs: () => number
}

/** Where a browser without an identity goes: on the same host first, which ties what follows to this browser. */
export function signInAddress({ origin, target }: Forwarded, stepUp?: StepUp): string {
  const wanted = stepUp === undefined ? '' : `&${new URLSearchParams(inQuery(stepUp))}`
  return `${origin}${gatewayPaths.signIn}?to=${encodeURIComponent(target)}${wanted}`
}

const inQuery = ({ acr, amr }: StepUp): Record<string, string> => ({
  acr,
  ...(amr.length > 0 && { amr: amr.join(' ') }),
})

/** What a sign-in is asked to prove; whoever changes it in the address gains nothing: the policies decide again afterwards. */
function readStepUp(query: URLSearchParams): StepUp | undefined {
  const acr = query.get('acr')
  if (acr === null || !/^[\x21-\x7e]{1,200}$/.test(acr)) return undefined
  const amr = (query.get('amr') ?? '').split(' ').filter((method) => /^[\w-]{1,20}$/.test(method))
  return { acr, amr: amr.slice(0, 10) }
}

/**
 * Answers the paths under `/.gatehouse/` of an application's own host. A sign-in: state cookie here → `/gateway/continue` at
 * Gatehouse, which knows the session → back with a code that only this browser can use → gateway cookie of this host.
 */
export async function answerOwnPath(
  deps: SignInDeps,
  forwarded: Forwarded,
  path: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { origin, target } = forwarded
  const { cookies, url } = deps
  const query = new URLSearchParams(target.slice(target.indexOf('?') + 1))
  const to = safeTarget(query.get('to'))
  reply.header('cache-control', 'no-store')
  switch (path) {
    case gatewayPaths.signIn: {
      const { state, cookie } = cookies.newState(origin)
      const stepUp = readStepUp(query)
      const onward = new URLSearchParams({ origin, state, to, ...(stepUp !== undefined && inQuery(stepUp)) })
      return reply.header('set-cookie', cookie).redirect(`${url}${continuePath}?${onward}`, 302)
    }
    case gatewayPaths.callback: {
      const stateCookie = request.cookies[GatewayCookies.nameOf(origin, 'gateway-state')]
      const sid = await cookies.redeem(origin, query.get('code') ?? '', stateCookie)
      const session = sid === undefined ? undefined : await deps.memory.session(sid, deps.nowMs())
      reply.header('set-cookie', GatewayCookies.clear(origin, 'gateway-state'))
      if (session === undefined) {
        const { organizationId } = deps.memory.byOrigin(origin)?.application ?? {}
        const address = signInAddress({ ...forwarded, target: to })
        const { html, headers } = await deps.pages.signIn(request, { organizationId, address })
        return reply.code(400).headers(headers).send(html)
      }
      return reply
        .header('set-cookie', cookies.sessionCookie(origin, session.id, session.expiresAtMs))
        .redirect(`${origin}${to}`, 302)
    }
    case gatewayPaths.signOut:
      return reply.header('set-cookie', GatewayCookies.clear(origin, 'gateway')).redirect(`${url}/sign-out`, 302)
  }
  return reply.code(404).send()
}

/** `/gateway/continue`: takes a sign-in to the application that asked. Redirects to registered origins only. */
export function addContinue(web: Web, deps: SignInDeps): void {
  web.app.get(continuePath, async (request, reply) => {
    const query = new URLSearchParams(request.url.slice(request.url.indexOf('?') + 1))
    const [origin, state] = [query.get('origin'), query.get('state')]
    const to = safeTarget(query.get('to'))
    const stepUp = readStepUp(query)
    reply.header('cache-control', 'no-store')
    const known = origin === null ? undefined : deps.memory.byOrigin(origin)
    if (known === undefined || origin === null || state === null || !/^[\w-]{43}$/.test(state)) {
      const { html, headers } = await deps.pages.broken(request, { reason: undefined })
      return reply.code(400).headers(headers).send(html)
    }
    const session = await deps.sessions.ofRequest(request)
    const opens = session && (await deps.sessions.mayOpen?.(request, known.application.id))
    const refused = opens?.kind === 'deny'
    const isWeak =
      session !== undefined &&
      (refused || opens?.kind === 'require' || (stepUp !== undefined && !isStrongEnough(session, stepUp)))
    if (session === undefined || isWeak) {
      // INVARIANT: somebody who cannot prove more is told so after one try, not sent around for ever.
      if (refused || (isWeak && query.get('tried') === '1')) {
        const { organizationId, name: application } = known.application
        const page = { organizationId, application, account: `${deps.url}/account` }
        const { html, headers } = await deps.pages.tooWeak(request, page)
        return reply.code(403).headers(headers).send(html)
      }
      const wanted = stepUp === undefined ? {} : inQuery(stepUp)
      const again = new URLSearchParams({ origin, state, to, ...wanted, ...(isWeak && { tried: '1' }) })
      const signIn = new URLSearchParams({
        return_to: `${continuePath}?${again}`,
        organization: known.application.organizationId,
        ...(stepUp !== undefined && { acr: stepUp.acr }),
        ...(isWeak && { reauthenticate: '1' }),
      })
      return reply.redirect(`/sign-in?${signIn}`, 302)
    }
    const code = deps.cookies.code(origin, session.id, state)
    return reply.redirect(`${origin}${gatewayPaths.callback}?${new URLSearchParams({ code, to })}`, 302)
  })
}

/** A path and query of the same origin, or `/`. */
function safeTarget(to: string | null): string {
  return to !== null && to.length <= 2_000 && /^\/[\x21-\x7e]*$/.test(to) && normalisePath(to) !== undefined ? to : '/'
}
