import { CedarSet, Uid, type Value } from '@gatehouse/cedar'
import type { EntityUid } from './source.ts'

/** Who acts for the subject of a token, and in `act` who acted before (RFC 8693 §4.1). */
export interface Acting {
  readonly sub: string
  readonly act?: Acting
}

const types = { user: 'User', machine: 'Machine', app: 'Application' } as const

/** The directory's entity of an id; undefined for no id of a principal. */
export function entityOfId(id: string): EntityUid | undefined {
  const type = types[id.split('_')[0] as keyof typeof types]
  return type && { type, id }
}

/** Those who act, the present one first. @returns undefined when one of them is no principal */
export function actorsIn(act: Acting | undefined): EntityUid[] | undefined {
  const actors: EntityUid[] = []
  for (let it = act; it !== undefined; it = it.act) {
    const entity = entityOfId(it.sub)
    if (entity === undefined) return undefined
    actors.push(entity)
  }
  return actors
}

/** `context.actor`, who acts, and `context.actors`, everybody that the work went through; neither when a subject acts itself. */
export function actorContext(actors: readonly EntityUid[]): [string, Value][] {
  const uids = actors.map(({ type, id }) => new Uid(type, id))
  return uids[0] === undefined
    ? []
    : [
        ['actor', uids[0]],
        ['actors', CedarSet.of(uids)],
      ]
}
