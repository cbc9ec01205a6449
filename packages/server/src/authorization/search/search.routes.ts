import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Act, Clock, Meter } from '#kernel'
import { requireApplication } from '../authzen/caller.ts'
import { readBody } from '../authzen/request.ts'
import type { AuthorizationDeps } from '../deps.ts'
import type { CookieSealer } from '../forward-auth/ports.ts'
import { type Bound, PageTokens } from './page-tokens.ts'
import { readPage, readSearch, type SearchKind, searchKinds } from './read-search.ts'
import { search } from './search.ts'

export interface SearchDeps extends Pick<AuthorizationDeps, 'snapshot' | 'gate'> {
  readonly clock: Clock
  readonly meter: Meter
  readonly keyring: CookieSealer
}

export const searchUrl = (kind: SearchKind): string => `/access/v1/search/${kind}`

/**
 * Subject, resource and action search (AuthZEN 1.0). They take a right of their own, `searchAccess`, which no application has by
 * itself: a decision answers about a name that the caller knows, a search hands out names. Each is on record as that right's use.
 */
export function addSearch(app: FastifyInstance, deps: SearchDeps, actOf: (request: FastifyRequest) => Act): void {
  const tokens = new PageTokens(deps.keyring)
  const duration = deps.meter.seconds(
    'authorization_search_duration_seconds',
    'From a search being read to its page being found, by what is searched for',
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    ['kind'],
  )
  for (const kind of searchKinds) {
    app.post(searchUrl(kind), { bodyLimit: 256 * 1024 }, async (request, reply) => {
      const startedAt = performance.now()
      const act = actOf(request)
      const body = readBody(request.body)
      const application = requireApplication(deps, request, act, 'searchAccess')
      const asked = readSearch(kind, body)
      const page = readPage(body)
      const caller = { type: act.actor.type, id: 'id' in act.actor ? act.actor.id : act.actor.name }
      const bound: Bound = { caller, application: application.id, kind, body }
      const after = page.token === undefined ? undefined : await tokens.read(page.token, bound)
      const { results, next } = search(application, asked, { limit: page.limit, after }, deps.clock.nowMs())
      duration.observe({ kind }, (performance.now() - startedAt) / 1_000)
      reply.header('cache-control', 'no-store').type('application/json; charset=utf-8')
      const isWhole = next === undefined && !page.asked
      const nextToken = next === undefined ? '' : tokens.make(next, bound)
      return JSON.stringify({ results, ...(!isWhole && { page: { next_token: nextToken, count: results.length } }) })
    })
  }
}
