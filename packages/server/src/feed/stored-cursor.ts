import type { Storage } from '#storage'
import { saveFollowerPosition } from './event.store.ts'

/** A crash hands a follower again what it did in this time: its work is idempotent. */
const saveEveryMs = 250

/**
 * A durable follower's cursor, written a few times a second at most: each write is a commit, and a commit wakes every follower.
 */
export class StoredCursor {
  readonly #storage: Storage
  readonly #name: string
  #position: number
  #saved: number
  #timer: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()

  constructor(storage: Storage, name: string, position: number) {
    this.#storage = storage
    this.#name = name
    this.#position = position
    this.#saved = position
  }

  /** Notes how far the follower is; written soon. @param onError told when that fails; a later move tries again */
  moveTo(position: number, onError: (error: unknown) => void): void {
    this.#position = position
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.save().catch(onError)
    }, saveEveryMs).unref()
  }

  /** Writes it now. */
  async save(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#saving
    const position = this.#position
    if (position === this.#saved) return
    this.#saving = this.#storage.transact((tx) => saveFollowerPosition(tx, this.#name, position), { lazily: true })
    try {
      await this.#saving
      this.#saved = position
    } finally {
      this.#saving = Promise.resolve()
    }
  }
}
