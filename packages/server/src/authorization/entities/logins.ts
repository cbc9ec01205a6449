import type { Entity } from '@gatehouse/cedar'
import { organizationOf } from './owner.ts'

/** By what a caller may name a user. */
export type UserName = 'id' | 'email' | 'username'

const printable = /^[ -~]*$/
/** ASCII is its own NFKC form. */
const fold = (name: string) => (printable.test(name) ? name : name.normalize('NFKC')).toLowerCase()

/** Users by their names within their organization, where a login names one user (user names and e-mail share one space). */
export class Logins {
  readonly #ids = new Map<string, Map<string, string>>()

  know(user: Entity): void {
    for (const [space, name] of namesOf(user)) {
      const ids = this.#ids.get(space)
      if (ids === undefined) this.#ids.set(space, new Map([[name, user.id]]))
      else ids.set(name, user.id)
    }
  }

  forget(user: Entity | undefined): void {
    if (user === undefined) return
    for (const [space, name] of namesOf(user)) {
      const ids = this.#ids.get(space)
      if (ids?.get(name) !== user.id) continue
      ids.delete(name)
      if (ids.size === 0) this.#ids.delete(space)
    }
  }

  find(organizationId: string, name: string, names: readonly UserName[]): string | undefined {
    for (const kind of names) {
      const id = kind === 'id' ? undefined : this.#ids.get(`${organizationId}\n${kind}`)?.get(fold(name))
      if (id !== undefined) return id
    }
    return undefined
  }
}

/** The names of a user, each with the space that it is unique in: an organization and a kind. */
function namesOf(user: Entity): [space: string, name: string][] {
  if (user.type !== 'User') return []
  const names: [string, string][] = []
  for (const kind of ['username', 'email'] as const) {
    const name = user.attrs.get(kind)
    if (typeof name === 'string') names.push([`${organizationOf(user)}\n${kind}`, fold(name)])
  }
  return names
}
