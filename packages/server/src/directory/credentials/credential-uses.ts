import type { Clock } from '#kernel'
import type { Storage } from '#storage'
import { markCredentialUsed } from './credential-notes.store.ts'

const writeEveryMs = 60_000
const usesApartMs = 15 * 60_000
const rowsMost = 500
const rememberedMost = 100_000

/** When secrets and keys were last used: kept in memory and written down at most every quarter of an hour, so that no use costs a write. */
export class CredentialUses {
  readonly #deps: { readonly storage: Storage; readonly clock: Clock }
  readonly #used = new Map<string, number>()
  readonly #written = new Map<string, number>()

  constructor(deps: { readonly storage: Storage; readonly clock: Clock }) {
    this.#deps = deps
  }

  /** @param credentialId of a secret, or the `kid` of a key */
  note(ownerId: string, credentialId: string): void {
    this.#used.set(`${ownerId} ${credentialId}`, this.#deps.clock.nowMs())
  }

  async write(): Promise<void> {
    const due = [...this.#used].filter(([id, atMs]) => atMs - (this.#written.get(id) ?? 0) >= usesApartMs)
    this.#used.clear()
    if (this.#written.size > rememberedMost) this.#written.clear()
    for (let at = 0; at < due.length; at += rowsMost) {
      const some = due.slice(at, at + rowsMost)
      await this.#deps.storage.transact(async (tx) => {
        for (const [id, atMs] of some) {
          const blank = id.indexOf(' ')
          await markCredentialUsed(tx, id.slice(0, blank), id.slice(blank + 1), atMs)
        }
      })
      for (const [id, atMs] of some) this.#written.set(id, atMs)
    }
  }

  /** Writes every minute. @returns what stops it, with a last writing */
  run(onError: (error: unknown) => void): () => Promise<void> {
    const timer = setInterval(() => void this.write().catch(onError), writeEveryMs)
    timer.unref()
    return async () => {
      clearInterval(timer)
      await this.write().catch(onError)
    }
  }
}
