import { type Entity, Uid } from '@gatehouse/cedar'

/** Whose data an entity of a directory type is: its `organization` attribute; an organization is its own. */
export function organizationOf(entity: Entity): string | undefined {
  if (entity.type === 'Organization') return entity.id
  const organization = entity.attrs.get('organization')
  return organization instanceof Uid ? organization.id : undefined
}
