import { stringifyJson } from '@gatehouse/cedar'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Act, Clock } from '#kernel'
import { requireApplication } from '../authzen/caller.ts'
import { readBody } from '../authzen/request.ts'
import { typeOf } from '../authzen/translate.ts'
import type { AuthorizationDeps } from '../deps.ts'
import { readSearch } from '../search/read-search.ts'
import { plan } from './plan.ts'
import { readMapping } from './read-mapping.ts'

export interface PlanDeps extends Pick<AuthorizationDeps, 'snapshot' | 'gate'> {
  readonly clock: Clock
}

export const planUrl = '/access/v1/plan'

/**
 * Row-level access for programs in any language: the request is AuthZEN's of a resource search, with `sql` saying how resources are
 * stored. The right is `planAccess`, which an application has on itself. AuthZEN has no such interface; the path is ours.
 */
export function addPlan(app: FastifyInstance, deps: PlanDeps, actOf: (request: FastifyRequest) => Act): void {
  app.post(planUrl, { bodyLimit: 256 * 1024 }, async (request, reply) => {
    const body = readBody(request.body)
    const application = requireApplication(deps, request, actOf(request), 'planAccess')
    const asked = readSearch('resource', body) as Parameters<typeof plan>[1]
    const mapping = body.sql === undefined ? undefined : readMapping(body.sql, (type) => typeOf(application, type))
    const made = plan(application, asked, mapping, deps.clock.nowMs())
    reply.header('cache-control', 'no-store').type('application/json; charset=utf-8')
    return stringifyJson(made)
  })
}
