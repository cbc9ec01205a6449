import type { OrganizationId } from '#kernel'
import type { Reader } from '#storage'

export interface EntityUid {
  readonly type: string
  readonly id: string
}

/** Cedar entity JSON (docs.cedarpolicy.com, "Entities JSON format"), with exact integers. */
export interface EntityJson {
  readonly uid: EntityUid
  readonly attrs: Record<string, unknown>
  readonly parents: readonly EntityUid[]
  readonly tags?: Record<string, unknown>
}

export interface OwnedEntity {
  /** Whose data it is; undefined for what belongs to the deployment. */
  readonly organizationId: OrganizationId | undefined
  readonly entity: EntityJson
}

/**
 * Where entities of some types come from: implemented by the room that owns their table, joined in `gatehouse.ts`. The
 * snapshot loads all once, then reads one again whenever an event touches it.
 */
export interface EntitySource {
  /** Cedar entity types, as in `User`. */
  readonly types: readonly string[]
  /** Streams every entity, some at a time; the order does not matter. */
  loadAll(db: Reader): AsyncIterable<readonly OwnedEntity[]>
  /** The entity as it is now, or undefined when it is gone. */
  load(db: Reader, uid: EntityUid): Promise<OwnedEntity | undefined>
}
