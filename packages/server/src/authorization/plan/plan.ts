import {
  CedarError,
  type EntityView,
  formatPartial,
  type Partial,
  type PartialJson,
  partialToJson,
} from '@gatehouse/cedar'
import { type Mapping, toSql } from '@gatehouse/cedar/sql'
import { Fault } from '#kernel'
import { contextOf, overlay, typeOf, uidOf } from '../authzen/translate.ts'
import type { ApplicationPolicies } from '../engine/application.ts'
import '../faults.ts'
import type { Search } from '../search/read-search.ts'

/** What a subject may do to the resources of a type, as conditions on the resource that are still open. */
export interface Plan extends PartialJson {
  /** Whether every resource of the type is allowed, none, or those that the conditions hold for. */
  readonly access: 'always' | 'never' | 'conditional'
  /** The same as Cedar text, for people. */
  readonly cedar: string
  readonly sql?: { readonly where: string; readonly parameters: readonly unknown[] }
}

/**
 * Evaluates all that does not depend on the resource, and says the rest as JSON and, by a mapping, as SQL. A row that the SQL keeps is
 * one that a decision would allow if it were the resource.
 * @throws {Fault} `authorization.request_invalid`, `authorization.plan_unsupported` for what SQL cannot say by the mapping
 */
export function plan(
  application: ApplicationPolicies,
  asked: Search & { readonly kind: 'resource' },
  mapping: Mapping | undefined,
  nowMs: number,
): Plan {
  const context = contextOf(asked.context, asked.action.properties, '/body')
  const principal = uidOf(application, asked.subject)
  const view = overlay(application, application.view.forDecisions, principal, asked.subject, '/body/subject')
  const resourceType = typeOf(application, asked.resource.type)
  const request = {
    principal,
    action: { type: application.actionType, id: asked.action.name },
    context,
    resourceType,
  }
  const mayBe = application.decides() && application.stateOf(principal) === 'fit'
  const left = mayBe ? remaining(() => application.links(nowMs).policies.partial(request, view)) : undefined
  return say(left ?? { resourceType, permits: [], forbids: [] }, mapping, view)
}

/** Undefined where a decision would be a denial by an error: a name that is no type, a bundle that does not compile. */
function remaining(evaluate: () => Partial): Partial | undefined {
  try {
    return evaluate()
  } catch (error) {
    if (error instanceof CedarError && error.code !== 'limit') return undefined
    throw error
  }
}

function say(left: Partial, mapping: Mapping | undefined, view: EntityView): Plan {
  const isFree = left.permits.some(({ parts }) => parts.length === 0) && left.forbids.length === 0
  const access = left.permits.length === 0 ? 'never' : isFree ? 'always' : 'conditional'
  const plan: Plan = { access, ...partialToJson(left), cedar: formatPartial(left) }
  if (mapping === undefined) return plan
  try {
    const { sql, parameters } = toSql(left, mapping, view)
    return { ...plan, sql: { where: sql, parameters } }
  } catch (error) {
    if (error instanceof CedarError && (error.code === 'unsupported' || error.code === 'limit'))
      throw new Fault('authorization.plan_unsupported', { detail: error.message, cause: error })
    throw error
  }
}
