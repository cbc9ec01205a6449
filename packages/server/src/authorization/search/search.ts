import { CedarError, type EntityView } from '@gatehouse/cedar'
import { contextOf, overlay, typeOf, uidOf } from '../authzen/translate.ts'
import type { ApplicationPolicies } from '../engine/application.ts'
import type { DecisionRequest } from '../engine/decision.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Obligation } from '../obligations/obligation.ts'
import type { Search } from './read-search.ts'

/** Most entities that one page decides on: what bounds the time a search holds the thread. */
export const decidedMost = 5_000

/** An entity by the type that the caller asked for, or an action; with what its permission obliges to, if anything. */
export type Result = ({ readonly type: string; readonly id: string } | { readonly name: string }) & {
  readonly obligations?: readonly Obligation[]
}

export interface SearchPage {
  readonly results: readonly Result[]
  /** Where the next page begins; undefined after the last. */
  readonly next: string | undefined
}

const nothing: SearchPage = { results: [], next: undefined }

/**
 * What a decision would allow, in order of id: just that, neither more nor less, among what the application can see and what its
 * policies and grants name. Unknown types and ids find nothing. A page holds up to `limit`, and fewer where it had to look far.
 * @throws {Fault} `authorization.request_invalid` for a context that Cedar cannot hold
 */
export function search(
  application: ApplicationPolicies,
  asked: Search,
  page: { readonly limit: number; readonly after: string | undefined },
  nowMs: number,
): SearchPage {
  if (!application.decides()) return nothing
  const context = contextOf(asked.context, asked.kind === 'action' ? undefined : asked.action.properties, '/body')
  const options = {
    limit: page.limit,
    mostDecided: decidedMost,
    ...(page.after !== undefined && { after: page.after }),
  }
  let view: EntityView = application.view.forDecisions
  const principal = asked.kind === 'subject' ? undefined : uidOf(application, asked.subject)
  const resource = asked.kind === 'resource' ? undefined : uidOf(application, asked.resource)
  if (asked.kind !== 'subject')
    view = overlay(application, view, principal as EntityUid, asked.subject, '/body/subject')
  if (asked.kind !== 'resource')
    view = overlay(application, view, resource as EntityUid, asked.resource, '/body/resource')
  if (principal !== undefined && application.stateOf(principal) !== 'fit') return nothing
  const actionType = application.actionType
  /** A result with its obligations, for which it is decided once more where policies oblige to anything. */
  const shown = <R extends Result>(result: R, found: Partial<DecisionRequest>): R => {
    if (!application.obliges) return result
    const placed = { principal, resource, ...found, context } as DecisionRequest
    const obligations = application.obligations(application.decide(placed, nowMs, view), placed)
    return obligations === undefined ? result : { ...result, obligations }
  }
  try {
    const { policies } = application.links(nowMs)
    if (asked.kind === 'action') {
      const offered = [...application.view.actions.ofType(actionType)].map(({ type, id }) => ({ type, id }))
      const request = { principal: principal as EntityUid, resource: resource as EntityUid, context }
      const names = policies.findActions(request, offered, view).map(({ id }) => id)
      const { results, next } = pageOf(names.sort(), page)
      return { results: results.map((name) => shown({ name }, { action: { type: actionType, id: name } })), next }
    }
    const action = { type: actionType, id: asked.action.name }
    if (asked.kind === 'subject') {
      const { type } = asked.subject
      const admits = (uid: EntityUid) => application.stateOf(uid) === 'fit'
      const request = { resource: resource as EntityUid, action, context, principalType: typeOf(application, type) }
      const { found, next } = policies.findPrincipals(request, application.view, view, { ...options, admits })
      return { results: found.map((uid) => shown({ type, id: uid.id }, { action, principal: uid })), next }
    }
    const { type } = asked.resource
    const request = { principal: principal as EntityUid, action, context, resourceType: typeOf(application, type) }
    const { found, next } = policies.findResources(request, application.view, view, options)
    return { results: found.map((uid) => shown({ type, id: uid.id }, { action, resource: uid })), next }
  } catch (error) {
    // What no decision could be made about is allowed to nobody: a name that is no type, a bundle that does not compile.
    if (error instanceof CedarError && error.code !== 'limit') return nothing
    throw error
  }
}

function pageOf(
  names: readonly string[],
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): { readonly results: readonly string[]; readonly next: string | undefined } {
  const rest = after === undefined ? names : names.filter((name) => name > after)
  const results = rest.slice(0, limit)
  return { results, next: rest.length > limit ? results.at(-1) : undefined }
}
