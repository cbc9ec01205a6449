import { Entities, type Entity, type EntityView, entityFromJson } from '@gatehouse/cedar'
import type { PrincipalState } from '../engine/decision.ts'
import { Logins, type UserName } from './logins.ts'
import { organizationOf } from './owner.ts'
import type { EntityUid, OwnedEntity } from './source.ts'

/** Users whose names are learnt in one turn of the event loop: about a millisecond. */
const learntAtOnce = 500

/** The directory's entities of all organizations, in memory. Only the built-in bundle sees them all. */
export class DirectoryEntities {
  readonly all = new Entities()
  readonly types: ReadonlySet<string>
  /** Made when first asked for: only applications whose callers name users so pay for it. */
  #logins: Logins | undefined
  #revision = 0

  constructor(types: readonly string[]) {
    this.types = new Set(types)
  }

  /** Another one after every change. */
  get revision(): number {
    return this.#revision
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
    this.#logins?.forget(this.find(read))
    this.#revision++
    this.all.setEntity(read)
    this.#logins?.know(read)
  }

  remove(uid: EntityUid): void {
    this.#logins?.forget(this.find(uid))
    this.#revision++
    this.all.delete(uid)
  }

  /**
   * Learns the names of users, some at a time, before somebody asks by them: a million at once would hold up every decision. INVARIANT: who
   * calls it lets no entity in or out meanwhile.
   */
  async learnLogins(): Promise<void> {
    if (this.#logins !== undefined) return
    const logins = new Logins()
    let learnt = 0
    for (const user of this.all.ofType('User')) {
      logins.know(user)
      if (++learnt % learntAtOnce === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    this.#logins ??= logins
  }

  /** The id of the user of this organization by one of these names; undefined when none fits. */
  findUser(organizationId: string, name: string, names: readonly UserName[]): string | undefined {
    if (this.#logins === undefined) {
      this.#logins = new Logins()
      for (const user of this.all.ofType('User')) this.#logins.know(user)
    }
    return this.#logins.find(organizationId, name, names)
  }

  /** Whether a principal of a directory type exists and is active; others are the application's own business. */
  stateOf(principal: EntityUid, view: EntityView = this.all): PrincipalState {
    if (!this.types.has(principal.type)) return 'fit'
    const entity = view.find(principal.type, principal.id)
    if (entity === undefined) return 'gatehouse:principal-unknown'
    return entity.attrs.get('active') === false ? 'gatehouse:principal-inactive' : 'fit'
  }
}
