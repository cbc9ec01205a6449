import { entityToJson, stringifyJson } from '@gatehouse/cedar'
import type { FeedEvent } from '#feed'
import type { GrantId } from '#kernel'
import type { ApplicationPolicies } from '../engine/application.ts'
import type { Applied } from '../engine/snapshot.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Grant } from '../grants/grant.ts'
import { readResourceRef } from '../resources/resource-ref.ts'

/**
 * What a replica needs of a bundle: no schema, for it checks nothing that comes in; and what policies oblige to, read from their
 * annotations. A bundle that does not compile is sent all the same: it denies everything there as here.
 */
export function showBundle(part: ApplicationPolicies, nowMs: number): object | null {
  if (part.bundle === undefined) return null
  const { hash, policies, actionEntities, manifest } = part.bundle
  let obligations: object = {}
  try {
    obligations = Object.fromEntries(part.obligationRules(nowMs))
  } catch {}
  return { hash, policies, actionEntities, manifest, obligations }
}

export const showGrant = ({ id, role, principal, resource, fromMs, untilMs }: Grant) => ({
  id,
  role,
  principal,
  resource,
  fromMs,
  untilMs,
})

/**
 * What a batch of events changes of what an application may see, each thing as it is now: the members of a `change` line, without its
 * braces. Empty when it changes nothing of it.
 */
export function changesOf(
  part: ApplicationPolicies,
  applied: Applied,
  isDirectoryType: (type: string) => boolean,
  nowMs: number,
): string {
  const entities = new Map<string, { readonly uid: EntityUid; own: boolean }>()
  const grants = new Set<GrantId>()
  let bundle = false
  const touch = (uid: EntityUid, own: boolean) => {
    const key = `${uid.type}\n${uid.id}`
    const known = entities.get(key)
    if (known === undefined) entities.set(key, { uid, own })
    else known.own ||= own
  }
  for (const event of applied.events) {
    for (const { type, id } of event.touches) {
      if (type === 'Bundle') bundle ||= id === part.id
      else if (type === 'Grant') grants.add(id as GrantId)
      else if (type === 'Resource') {
        const { application, uid } = readResourceRef(id)
        if (application === part.id) touch(uid, true)
      } else if (isDirectoryType(type)) touch({ type, id }, isOwn(event, part))
    }
  }
  const members: string[] = []
  if (bundle) members.push(`"bundle":${stringifyJson(showBundle(part, nowMs))}`)
  const put: unknown[] = []
  const remove: EntityUid[] = []
  for (const { uid, own } of entities.values()) {
    const entity = part.view.find(uid.type, uid.id)
    if (entity !== undefined) put.push(entityToJson(entity))
    // Only what could be seen before is told to be gone: names of others' are none of its business.
    else if (own) remove.push(uid)
  }
  if (put.length > 0) members.push(`"put":${stringifyJson(put)}`)
  if (remove.length > 0) members.push(`"remove":${JSON.stringify(remove)}`)
  const held = [...grants].flatMap((id) => part.grant(id) ?? [])
  if (held.length > 0) members.push(`"grants":${JSON.stringify(held.map(showGrant))}`)
  const revoked = [...grants].filter((id) => applied.removedGrants.get(id) === part.id)
  if (revoked.length > 0) members.push(`"revoked":${JSON.stringify(revoked)}`)
  return members.join(',')
}

const isOwn = (event: FeedEvent, part: ApplicationPolicies) => event.organizationId === part.organizationId
