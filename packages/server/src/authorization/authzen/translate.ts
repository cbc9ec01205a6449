import { CedarRecord, type Entity, type EntityView, type Value, valueFromJson } from '@gatehouse/cedar'
import type { ApplicationPolicies } from '../engine/application.ts'
import type { DecisionRequest } from '../engine/decision.ts'
import { actorContext, actorsIn, entityOfId } from '../entities/actors.ts'
import type { EntityUid } from '../entities/source.ts'
import type { TokenClaims } from '../forward-auth/ports.ts'
import {
  type AuthzenEntity,
  type Evaluation,
  type Members,
  type Place,
  pointerTo,
  tokenType,
  wrong,
} from './request.ts'

export interface Translated {
  readonly request: DecisionRequest
  /** What to decide on: the application's view, with what the caller supplied laid over it for this request. */
  readonly view: EntityView
}

const empty: CedarRecord = CedarRecord.of([])
const none: readonly never[] = []
const valuesMost = 10_000

/**
 * Puts an AuthZEN evaluation into the application's own terms: types and names by its manifest, a directory user by one of
 * her names, action properties as `context.action`, supplied attributes as far as the manifest lets them.
 * @throws {Fault} `authorization.request_invalid` for a context that Cedar cannot hold
 */
export function translate(
  application: ApplicationPolicies,
  evaluation: Evaluation,
  at: Place,
  spoken?: TokenClaims,
): Translated {
  const { subject, action, resource, context } = evaluation
  const principalUid =
    subject.type === tokenType ? (spokenFor(application, spoken) ?? nobody) : uidOf(application, subject)
  const resourceUid = uidOf(application, resource)
  const request: DecisionRequest = {
    principal: principalUid,
    action: { type: application.actionType, id: action.name },
    resource: resourceUid,
    context: contextOf(context, action.properties, at, spoken && actorContext(actorsIn(spoken.act) ?? [])),
  }
  let view = application.view.forDecisions
  view = overlay(application, view, principalUid, subject, at, '/subject')
  view = overlay(application, view, resourceUid, resource, at, '/resource')
  return { request, view }
}

/** The Cedar type of an AuthZEN type: the one by the same name unless the manifest maps it. */
export const typeOf = ({ manifest }: ApplicationPolicies, type: string): string =>
  manifest.types !== undefined && Object.hasOwn(manifest.types, type) ? (manifest.types[type] as string) : type

export const uidOf = (application: ApplicationPolicies, { type, id }: AuthzenEntity): EntityUid =>
  application.named(typeOf(application, type), id)

/** An unknown user: denied before any policy is asked. */
const nobody: EntityUid = { type: 'User', id: 'gatehouse:token-invalid' }

function spokenFor(application: ApplicationPolicies, claims: TokenClaims | undefined): EntityUid | undefined {
  if (claims === undefined) return undefined
  const actors = actorsIn(claims.act)
  if (actors === undefined || actors.some((actor) => application.stateOf(actor) !== 'fit')) return undefined
  return entityOfId(claims.sub)
}

export function contextOf(
  context: Members | undefined,
  action: Members | undefined,
  at: Place,
  actors: readonly [string, Value][] = none,
): CedarRecord {
  if (context === undefined && action === undefined && actors.length === 0) return empty
  const entries = new Map<string, Value>()
  if (context !== undefined) readValues(context, at, '/context', entries)
  if (action !== undefined) {
    const properties = new Map<string, Value>()
    readValues(action, at, '/action/properties', properties)
    entries.set('action', CedarRecord.of([...properties]))
  }
  // INVARIANT: who acts by a token is what the token says, whatever the caller writes.
  for (const [name, value] of actors) entries.set(name, value)
  return CedarRecord.of([...entries])
}

/** The view with the attributes that the caller supplies for one entity, as far as the manifest lets her. */
export function overlay(
  application: ApplicationPolicies,
  view: EntityView,
  uid: EntityUid,
  { properties }: AuthzenEntity,
  at: Place,
  name = '',
): EntityView {
  if (properties === undefined || application.isDirectoryType(uid.type)) return view
  const allowed = application.manifest.suppliedAttributes?.[uid.type]
  if (allowed === undefined) return view
  const supplied = Object.fromEntries(Object.entries(properties).filter(([name]) => allowed.includes(name)))
  if (Object.keys(supplied).length === 0) return view
  const stored = view.find(uid.type, uid.id)
  const attrs = new Map<string, Value>()
  if (stored !== undefined) for (const name of stored.attrs.shape.keys) attrs.set(name, stored.attrs.get(name) as Value)
  readValues(supplied, at, `${name}/properties`, attrs)
  // INVARIANT: what a caller supplies is attributes, never parents or tags.
  const merged: Entity = {
    type: uid.type,
    id: uid.id,
    attrs: CedarRecord.of([...attrs]),
    tags: stored?.tags ?? empty,
    parents: stored?.parents ?? [],
  }
  return {
    find: (type, id) => (type === uid.type && id === uid.id ? merged : view.find(type, id)),
    ...(view.lineage && { lineage: view.lineage.bind(view) }),
  }
}

/**
 * JSON members as Cedar values. `null` is left out, as absent; what else Cedar does not have (a fraction, an integer beyond
 * 2^53) is refused rather than dropped, for a forbid that needs it would then not hold.
 */
function readValues(members: Members, at: Place, under: string, into: Map<string, Value>): void {
  const budget = { left: valuesMost }
  for (const [name, json] of Object.entries(members)) {
    if (json === null) continue
    try {
      into.set(name, valueFromJson(withoutNulls(json), name, budget))
    } catch (error) {
      throw wrong(`${pointerTo(at)}${under}/${name}`, (error as { message: string }).message)
    }
  }
}

function withoutNulls(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.filter((item) => item !== null).map(withoutNulls)
  const kept = Object.entries(json).filter(([, value]) => value !== null)
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutNulls(value)]))
}
