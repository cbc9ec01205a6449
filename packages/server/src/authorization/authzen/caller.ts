import type { FastifyRequest } from 'fastify'
import { type Act, type ApplicationId, Fault, isId } from '#kernel'
import type { ApplicationPolicies } from '../engine/application.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import '../faults.ts'
import { type Gate, isWithinCredential } from '../gate/gate.ts'
import { principalOf } from '../gate/principal.ts'
import { wrong } from './request.ts'

/**
 * Whose policies a request asks: the application that `Gatehouse-Application` names, else the caller's own when it is one.
 * The caller needs `decide` on it, and `explainDecision` to be told why; an application has both on itself. A permitted
 * `decide` is not put on record by itself: the decision it asks for names the caller.
 * @throws {Fault} `web.unauthenticated`, `authorization.request_invalid`, `authorization.denied`,
 * `authorization.application_unknown`
 */
export function requireAskedApplication(
  deps: { readonly snapshot: Snapshot; readonly gate: Gate; readonly nowMs: number },
  request: FastifyRequest,
  act: Act,
  explain: boolean,
): ApplicationPolicies {
  const { snapshot, gate, nowMs } = deps
  const principal = principalOf(act)
  if (principal === undefined) throw new Fault('web.unauthenticated')
  const id = readApplicationId(request, act)
  const resource = { type: 'Application', id }
  const may = isWithinCredential(act, 'decide') && snapshot.mayAsk(principal, id, nowMs)
  if (!may) gate.require(act, 'decide', resource)
  if (explain) gate.require(act, 'explainDecision', resource)
  const application = snapshot.application(id)
  if (application === undefined) throw new Fault('authorization.application_unknown')
  return application
}

/**
 * The application that a request names (or is), for which the caller needs `action`; its use is on record.
 * @throws {Fault} as `requireAskedApplication`
 */
export function requireApplication(
  { snapshot, gate }: { readonly snapshot: Snapshot; readonly gate: Gate },
  request: FastifyRequest,
  act: Act,
  action: string,
): ApplicationPolicies {
  const id = readApplicationId(request, act)
  gate.require(act, action, { type: 'Application', id })
  const application = snapshot.application(id)
  if (application === undefined) throw new Fault('authorization.application_unknown')
  return application
}

function readApplicationId(request: FastifyRequest, { actor }: Act): ApplicationId {
  const named = request.headers['gatehouse-application']
  if (named === undefined && actor.type === 'application') return actor.id
  if (!isId('app', named)) throw wrong('/header/Gatehouse-Application', 'must name the application by its id')
  return named
}
