import type { ApplicationId } from '#kernel'
import { findCycle } from '../entities/cycles.ts'
import type { EntityJson, EntityUid, OwnedEntity } from '../entities/source.ts'

/** An entity as it was just read; without `owned` or `resource` it is gone. */
export interface EntityRead {
  readonly uid: EntityUid
  /** Whose resource it is; undefined for an entity of the directory. */
  readonly application: ApplicationId | undefined
  readonly owned?: OwnedEntity | undefined
  readonly resource?: EntityJson | undefined
}

export interface EntityReadsDeps {
  readonly read: (uid: EntityUid, application: ApplicationId | undefined) => Promise<EntityRead>
  /** What is held of the parents of an entity that is not read again. */
  readonly heldParents: (uid: EntityUid, application: ApplicationId | undefined) => readonly EntityUid[]
}

const turnsMost = 100

/** Entities to read again together, each once. */
export class EntityReads {
  readonly #deps: EntityReadsDeps
  readonly #reads = new Map<string, EntityRead>()

  constructor(deps: EntityReadsDeps) {
    this.#deps = deps
  }

  static keyOf({ type, id }: EntityUid, application: ApplicationId | undefined): string {
    return `${application ?? ''}\n${type}\n${id}`
  }

  add(read: EntityRead): void {
    this.#reads.set(EntityReads.keyOf(read.uid, read.application), read)
  }

  /**
   * Entities are read one after another, as they are then, so that what is read may be newer than what is held of others:
   * together they can have a cycle that the database never had. Reads the entities of such a cycle again until there is none.
   */
  async untilWhole(): Promise<readonly EntityRead[]> {
    for (const application of new Set([...this.#reads.values()].map((read) => read.application))) {
      for (let turn = 0; turn < turnsMost; turn++) {
        const from = [...this.#reads.values()].filter((read) => read.application === application)
        const cycle = findCycle(
          from.map((read) => read.uid),
          (uid) => this.#parentsOf(uid, application),
        )
        if (cycle === undefined) break
        for (const uid of cycle) this.add(await this.#deps.read(uid, application))
      }
    }
    return [...this.#reads.values()]
  }

  #parentsOf(uid: EntityUid, application: ApplicationId | undefined): readonly EntityUid[] {
    const read = this.#reads.get(EntityReads.keyOf(uid, application))
    if (read === undefined) return this.#deps.heldParents(uid, application)
    return (read.owned?.entity ?? read.resource)?.parents ?? []
  }
}
