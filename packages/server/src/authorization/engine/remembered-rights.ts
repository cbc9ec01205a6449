import type { DirectoryEntities } from '../entities/directory.ts'
import type { GrantLinks } from '../grants/grant-links.ts'

const most = 10_000

/**
 * One right of Gatehouse's own, of principals on applications, remembered until anything changes that it follows from: who asks for
 * decisions asks thousands of times a second, and may as before.
 */
export class RememberedRights {
  readonly #directory: DirectoryEntities
  readonly #known = new Map<string, Map<string, boolean>>()
  #size = 0
  #entities = -1
  #links = -1

  constructor(directory: DirectoryEntities) {
    this.#directory = directory
  }

  /**
   * @param grants the grants of built-in roles, settled as of now
   * @param decide decides it anew
   */
  may(principalId: string, resourceId: string, grants: GrantLinks, decide: () => boolean): boolean {
    const entities = this.#directory.revision
    const links = grants.revision
    // INVARIANT: a right follows from entities, links and the policies, and these are the same while the process lives.
    if (entities !== this.#entities || links !== this.#links || this.#size >= most) {
      this.#known.clear()
      this.#size = 0
      this.#entities = entities
      this.#links = links
    }
    const known = this.#known.get(principalId)?.get(resourceId)
    if (known !== undefined) return known
    const may = decide()
    // What was tried out meanwhile is no state to remember.
    if (grants.revision !== links || this.#directory.revision !== entities) return may
    const of = this.#known.get(principalId) ?? new Map<string, boolean>()
    of.set(resourceId, may)
    this.#known.set(principalId, of)
    this.#size++
    return may
  }
}
