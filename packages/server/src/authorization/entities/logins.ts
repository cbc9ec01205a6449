import type { Entity } from '@gatehouse/cedar'
import { organizationOf } from './owner.ts'

/** By what a caller may name a user. */
export type UserName = 'id' | 'email' | 'username'
type Login = Exclude<UserName, 'id'>

const printable = /^[ -~]*$/
/** ASCII is its own NFKC form. */
const fold = (name: string) => (printable.test(name) ? name : name.normalize('NFKC')).toLowerCase()

/** Users by their names within their organization, where a login names one user (user names and e-mail share one space). */
export class Logins {
  /** By organization, kind and name. */
  readonly #ids = new Map<string, Record<Login, Map<string, string>>>()

  know(user: Entity): void {
    const organization = organizationOf(user)
    const names = namesOf(user)
    if (organization === undefined || names.length === 0) return
    let ids = this.#ids.get(organization)
    if (ids === undefined) {
      ids = { username: new Map(), email: new Map() }
      this.#ids.set(organization, ids)
    }
    for (const [kind, name] of names) ids[kind].set(name, user.id)
  }

  forget(user: Entity | undefined): void {
    const organization = user && organizationOf(user)
    const ids = organization === undefined ? undefined : this.#ids.get(organization)
    if (user === undefined || organization === undefined || ids === undefined) return
    for (const [kind, name] of namesOf(user)) if (ids[kind].get(name) === user.id) ids[kind].delete(name)
    if (ids.username.size === 0 && ids.email.size === 0) this.#ids.delete(organization)
  }

  find(organizationId: string, name: string, names: readonly UserName[]): string | undefined {
    const ids = this.#ids.get(organizationId)
    if (ids === undefined) return undefined
    const folded = fold(name)
    for (const kind of names) {
      const id = kind === 'id' ? undefined : ids[kind].get(folded)
      if (id !== undefined) return id
    }
    return undefined
  }
}

/** The names of a user, each with its kind: unique in the organization. */
function namesOf(user: Entity): [kind: Login, name: string][] {
  if (user.type !== 'User') return []
  const names: [Login, string][] = []
  for (const kind of ['username', 'email'] as const) {
    const name = user.attrs.get(kind)
    if (typeof name === 'string') names.push([kind, fold(name)])
  }
  return names
}
