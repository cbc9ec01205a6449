import type { Act } from '#kernel'
import type { EntityUid } from '../entities/source.ts'

/** The principal that an actor is to the built-in bundle; undefined for the anonymous one. */
export function principalOf({ actor }: Act): EntityUid | undefined {
  switch (actor.type) {
    case 'user':
      return { type: 'User', id: actor.id }
    case 'machine':
      return { type: 'Machine', id: actor.id }
    case 'application':
      return { type: 'Application', id: actor.id }
    case 'bootstrap':
      return { type: 'Gatehouse::Bootstrap', id: 'local' }
    case 'system':
      return { type: 'Gatehouse::System', id: 'gatehouse' }
    case 'anonymous':
      return undefined
  }
}
