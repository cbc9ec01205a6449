import { CedarRecord, type Entity, type EntityView, type Request, type Value, valueFromJson } from '@gatehouse/cedar'
import { GatehouseError } from '../errors.ts'
import type { EntityRef, Evaluation } from '../evaluation.ts'
import type { Replica } from './replica.ts'

type Members = Readonly<Record<string, unknown>>

const empty = CedarRecord.of([])
const valuesMost = 10_000

/** An evaluation in Cedar's terms, as the server would put it. @throws {GatehouseError} `request.invalid` */
export function translate(replica: Replica, evaluation: Evaluation): { request: Request; view: EntityView } {
  const { subject, action, resource, context } = evaluation
  const principal = uidOf(replica, subject)
  const target = uidOf(replica, resource)
  const request: Request = {
    principal,
    action: { type: replica.actionType, id: action.name },
    resource: target,
    context: contextOf(context, action.properties),
  }
  let view: EntityView = replica.entities
  if (subject.properties !== undefined) view = overlay(replica, view, principal, subject.properties)
  if (resource.properties !== undefined) view = overlay(replica, view, target, resource.properties)
  return { request, view }
}

function uidOf(replica: Replica, { type: given, id }: EntityRef): { type: string; id: string } {
  const manifest = replica.bundle?.manifest
  const types = manifest?.types
  const type = types !== undefined && Object.hasOwn(types, given) ? (types[given] as string) : given
  const names = manifest?.userNames
  if (type !== 'User' || names === undefined || replica.entities.find(type, id) !== undefined) return { type, id }
  return { type, id: replica.findUser(id, names) ?? id }
}

function contextOf(context: Members | undefined, action: Members | undefined): CedarRecord {
  if (context === undefined && action === undefined) return empty
  const entries = new Map<string, Value>()
  if (context !== undefined) readValues(context, 'context', entries)
  if (action !== undefined) {
    const properties = new Map<string, Value>()
    readValues(action, 'action/properties', properties)
    entries.set('action', CedarRecord.of([...properties]))
  }
  return CedarRecord.of([...entries])
}

/** INVARIANT: what a caller supplies is attributes that the manifest names, never parents, tags or anything of the directory. */
function overlay(replica: Replica, view: EntityView, uid: { type: string; id: string }, given: Members): EntityView {
  const allowed = replica.bundle?.manifest.suppliedAttributes?.[uid.type]
  if (allowed === undefined || replica.directoryTypes.has(uid.type)) return view
  const supplied = Object.fromEntries(Object.entries(given).filter(([name]) => allowed.includes(name)))
  if (Object.keys(supplied).length === 0) return view
  const stored = view.find(uid.type, uid.id)
  const attrs = new Map<string, Value>()
  if (stored !== undefined) for (const name of stored.attrs.shape.keys) attrs.set(name, stored.attrs.get(name) as Value)
  readValues(supplied, 'properties', attrs)
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

/** `null` is absent; what else Cedar does not have is refused, for a forbid that needs it would not hold otherwise. */
function readValues(members: Members, at: string, into: Map<string, Value>): void {
  const budget = { left: valuesMost }
  for (const [name, json] of Object.entries(members)) {
    if (json === null || json === undefined) continue
    try {
      into.set(name, valueFromJson(withoutNulls(json), name, budget))
    } catch (cause) {
      throw new GatehouseError('request.invalid', `${at}/${name} ${(cause as Error).message}`)
    }
  }
}

function withoutNulls(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.filter((item) => item !== null).map(withoutNulls)
  const kept = Object.entries(json).filter(([, value]) => value !== null)
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutNulls(value)]))
}
