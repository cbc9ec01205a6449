import { CedarError, type Entity, entityToJson, type Schema } from '@gatehouse/cedar'
import { record } from '#feed'
import { type Act, type ApplicationId, type Clock, Fault, type OrganizationId } from '#kernel'
import type { Tx, Written } from '#storage'
import type { AuthorizationDeps } from '../deps.ts'
import type { ApplicationPolicies } from '../engine/application.ts'
import type { EntityJson, EntityUid } from '../entities/source.ts'
import '../faults.ts'
import './events.ts'
import { deleteResource, findResources, lockResources, putResources, saveTotal } from './resource.store.ts'
import { resourceRef } from './resource-ref.ts'

/** Most resources of one application, unless the deployment says otherwise. */
export const resourceQuotaDefault = 1_000_000

export interface ResourceChange {
  readonly put: readonly EntityJson[]
  readonly delete: readonly EntityUid[]
}

export interface ResourcesChanged {
  readonly put: number
  readonly deleted: number
  /** How many the application has now. */
  readonly total: number
}

/**
 * Puts and deletes resources of an application, all or none, checked against the schema of its bundle in force.
 * @throws {Fault} `authorization.denied`, `authorization.application_unknown`, `authorization.no_bundle`,
 * `authorization.entity_invalid` with the place, `authorization.entity_cycle`, `authorization.quota`
 */
export async function changeResources(
  deps: AuthorizationDeps,
  act: Act,
  applicationId: ApplicationId,
  change: ResourceChange,
): Promise<Written<ResourcesChanged>> {
  const application = requireApplicationPart(deps, act, 'pushEntities', applicationId)
  const schema = application.schema
  if (schema === undefined && change.put.length > 0) throw new Fault('authorization.no_bundle')
  const put = change.put.map((entity, index) => check(deps, schema as Schema, entity, index))
  refuseTwice([...put.map((entity) => entity.uid), ...change.delete])
  const owner = { id: applicationId, organizationId: application.organizationId as OrganizationId }
  return deps.storage.write((tx) => changeResourcesIn(tx, deps, act, owner, { put, delete: change.delete }))
}

/**
 * As `changeResources`, inside a transaction, for a caller that has settled authorization and read what it puts by the schema.
 * @throws {Fault} `authorization.entity_cycle`, `authorization.quota`
 */
export async function changeResourcesIn(
  tx: Tx,
  deps: { readonly clock: Clock; readonly resourceQuota?: number | undefined },
  act: Act,
  owner: { readonly id: ApplicationId; readonly organizationId: OrganizationId },
  change: ResourceChange,
): Promise<ResourcesChanged> {
  const { id: applicationId, organizationId } = owner
  const { put } = change
  const nowMs = deps.clock.nowMs()
  const { total: before, revision } = await lockResources(tx, organizationId, applicationId)
  const known = await findResources(
    tx,
    applicationId,
    put.map((entity) => entity.uid),
  )
  let deleted = 0
  for (const uid of change.delete) deleted += Number(await deleteResource(tx, applicationId, uid))
  const total = before + put.length - known.length - deleted
  const quota = deps.resourceQuota ?? resourceQuotaDefault
  if (total > quota && total > before)
    throw new Fault('authorization.quota', { detail: `An application keeps at most ${quota} resources` })
  await putResources(tx, organizationId, applicationId, put, nowMs)
  await refuseCycles(tx, applicationId, put)
  await saveTotal(tx, applicationId, total)
  await record(tx, act, {
    type: 'authorization.resources_changed',
    atMs: nowMs,
    organizationId,
    object: { type: 'Application', id: applicationId },
    revision,
    data: { put: put.length, deleted, total },
    touches: [...put.map((entity) => entity.uid), ...change.delete].map((uid) => resourceRef(applicationId, uid)),
  })
  return { put: put.length, deleted, total }
}

/** The part of the snapshot of an application that the actor may do this with. What she may not see does not exist. */
export function requireApplicationPart(
  { snapshot, gate }: AuthorizationDeps,
  act: Act,
  action: string,
  id: ApplicationId,
): ApplicationPolicies {
  gate.require(act, action, { type: 'Application', id })
  const application = snapshot.application(id)
  if (application === undefined) throw new Fault('authorization.application_unknown')
  return application
}

function check({ snapshot }: AuthorizationDeps, schema: Schema, entity: EntityJson, index: number): EntityJson {
  const refuse = (detail: string, cause?: unknown): never => {
    const errors = [{ pointer: `/body/put/${index}`, detail }]
    throw new Fault('authorization.entity_invalid', { detail, cause, extra: { errors } })
  }
  const { type } = entity.uid
  if (snapshot.directory.types.has(type) || type.startsWith('Gatehouse::') || /(^|::)Action$/.test(type))
    refuse(`${type} is not a type of the application's own`)
  let read: Entity
  try {
    read = schema.entity(entity)
  } catch (error) {
    if (error instanceof CedarError) return refuse(error.message, error)
    throw error
  }
  return entityToJson(read) as unknown as EntityJson
}

function refuseTwice(uids: readonly EntityUid[]): void {
  const seen = new Set<string>()
  for (const { type, id } of uids) {
    const key = `${type}\n${id}`
    if (seen.has(key))
      throw new Fault('authorization.entity_invalid', { detail: `${type} ${id} stands twice in one change` })
    seen.add(key)
  }
}

/**
 * Walks up from what was put, level by level, each ancestor read once. INVARIANT: with the lock on the application's set, no
 * cycle is ever committed, so the snapshot meets none.
 */
async function refuseCycles(tx: Tx, applicationId: ApplicationId, put: readonly EntityJson[]): Promise<void> {
  const parentsOf = new Map<string, readonly EntityUid[]>()
  const keyOf = (uid: EntityUid) => `${uid.type}\n${uid.id}`
  for (const entity of put) parentsOf.set(keyOf(entity.uid), entity.parents)
  let level = put.flatMap((entity) => entity.parents)
  while (level.length > 0) {
    const unknown = new Map<string, EntityUid>()
    for (const uid of level) if (!parentsOf.has(keyOf(uid))) unknown.set(keyOf(uid), uid)
    for (const [key] of unknown) parentsOf.set(key, [])
    const found = await findResources(tx, applicationId, [...unknown.values()])
    for (const entity of found) parentsOf.set(keyOf(entity.uid), entity.parents)
    level = found.flatMap((entity) => entity.parents)
  }
  const state = new Map<string, 'open' | 'done'>()
  for (const start of put) {
    const path: { key: string; next: number }[] = [{ key: keyOf(start.uid), next: 0 }]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      if (top.next === 0) {
        if (state.get(top.key) === 'done') {
          path.pop()
          continue
        }
        state.set(top.key, 'open')
      }
      const parent = parentsOf.get(top.key)?.[top.next++]
      if (parent === undefined) {
        state.set(top.key, 'done')
        path.pop()
      } else {
        const key = keyOf(parent)
        if (state.get(key) === 'open')
          throw new Fault('authorization.entity_cycle', { detail: `${parent.type} ${parent.id} would lie in itself` })
        if (state.get(key) === undefined) path.push({ key, next: 0 })
      }
    }
  }
}
