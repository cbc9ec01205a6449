import type { Entity } from '@gatehouse/cedar'
import { organizationOf } from './owner.ts'

/** By what a caller may name a user. */
export type UserName = 'id' | 'email' | 'username'

const printable = /^[ -~]*$/
/** ASCII is its own NFKC form. */
const fold = (name: string) => (printable.test(name) ? name : name.normalize('NFKC')).toLowerCase()

/** Users by their names within their organization, where a login names one user (user names and e-mail share one space). */
export class Logins {
  readonly #ids = new Map<string, string>()

  know(user: Entity): void {
    for (const key of keysOf(user)) this.#ids.set(key, user.id)
  }

  forget(user: Entity | undefined): void {
    if (user === undefined) return
    for (const key of keysOf(user)) if (this.#ids.get(key) === user.id) this.#ids.delete(key)
  }

  find(organizationId: string, name: string, names: readonly UserName[]): string | undefined {
    for (const kind of names) {
      const id = kind === 'id' ? undefined : this.#ids.get(`${organizationId}\n${kind}\n${fold(name)}`)
      if (id !== undefined) return id
    }
    return undefined
  }
}

function keysOf(user: Entity): string[] {
  if (user.type !== 'User') return []
  const keys: string[] = []
  for (const kind of ['username', 'email'] as const) {
    const name = user.attrs.get(kind)
    if (typeof name === 'string') keys.push(`${organizationOf(user)}\n${kind}\n${fold(name)}`)
  }
  return keys
}
