import { Entities, type Entity, type EntityView, entityFromJson, Uid } from '@gatehouse/cedar'
import type { PrincipalState } from '../engine/decision.ts'
import type { EntityUid, OwnedEntity } from './source.ts'

/** Whose data an entity of a directory type is: its `organization` attribute; an organization is its own. */
export function organizationOf(entity: Entity): string | undefined {
  if (entity.type === 'Organization') return entity.id
  const organization = entity.attrs.get('organization')
  return organization instanceof Uid ? organization.id : undefined
}

/** The directory's entities of all organizations, in memory. Only the built-in bundle sees them all. */
export class DirectoryEntities {
  readonly all = new Entities()
  readonly types: ReadonlySet<string>

  constructor(types: readonly string[]) {
    this.types = new Set(types)
  }

  find(uid: EntityUid): Entity | undefined {
    return this.all.find(uid.type, uid.id)
  }

  /**
   * @throws {TypeError} when the source says another owner than the entity does: tenancy hangs on it
   * @throws {CedarError} for an entity that is not well-formed, or a cycle; the store is then as before
   */
  put({ organizationId, entity }: OwnedEntity): void {
    const read = entityFromJson(entity)
    if (organizationOf(read) !== organizationId)
      throw new TypeError(`${read.type} ${read.id}: its organization attribute is not its owner ${organizationId}`)
    this.all.setEntity(read)
  }

  remove(uid: EntityUid): void {
    this.all.delete(uid)
  }

  /** Whether a principal of a directory type exists and is active; others are the application's own business. */
  stateOf(principal: EntityUid, view: EntityView = this.all): PrincipalState {
    if (!this.types.has(principal.type)) return 'fit'
    const entity = view.find(principal.type, principal.id)
    if (entity === undefined) return 'gatehouse:principal-unknown'
    return entity.attrs.get('active') === false ? 'gatehouse:principal-inactive' : 'fit'
  }
}
