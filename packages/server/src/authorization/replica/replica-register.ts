import type { Clock, Entropy } from '#kernel'
import type { Storage } from '#storage'
import { type Followed, forgetFollowed, noteFollowed } from './replicas.store.ts'

/** Of a stream that is open: what only it knows. */
export interface Following extends Pick<Followed, 'application' | 'stream' | 'principal'> {
  /** The newest change it was told of, and as of when it was told all, in this process's monotonic milliseconds. */
  told(): { readonly sequence: number; readonly asOfMs: number }
}

const unnamed = 'unnamed-'

/** For a replica that gives no name of its own: it is known for as long as it is connected. */
export const nameUnnamed = (entropy: Entropy): string =>
  `${unnamed}${Buffer.from(entropy.bytes(15)).toString('base64url')}`

/** So often a node notes how its replicas are, for the others. */
export const noteMs = 5_000

export interface RegisterDeps {
  readonly storage: Storage
  readonly clock: Clock
  /** Names this node. */
  readonly node: string
  readonly onError: (where: string, error: unknown) => void
}

/** The replicas that follow this node, and the note of them in the database, by which every node can tell of all. */
export class ReplicaRegister {
  readonly #deps: RegisterDeps
  readonly #open = new Map<string, { readonly openedAtMs: number; readonly following: Following }>()
  #timer: NodeJS.Timeout | undefined
  #noting: Promise<void> = Promise.resolve()

  constructor(deps: RegisterDeps) {
    this.#deps = deps
  }

  /** @returns what notes that it has gone */
  open(following: Following): () => void {
    const entry = { openedAtMs: this.#deps.clock.nowMs(), following }
    const key = keyOf(following)
    this.#open.set(key, entry)
    this.#note([this.#shown(entry)])
    this.#timer ??= setInterval(() => this.#note([...this.#open.values()].map((one) => this.#shown(one))), noteMs)
    return () => {
      const last = this.#shown(entry)
      // Its successor may be there already: a reader that came again before its old connection was known to be dead.
      if (this.#open.get(key) === entry) {
        this.#open.delete(key)
        this.#note([{ ...last, closedAtMs: this.#deps.clock.nowMs() }])
      }
      if (this.#open.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  /** How one is now that follows this node; undefined for any other. */
  find(application: string, stream: string): Followed | undefined {
    const entry = this.#open.get(`${application} ${stream}`)
    return entry && this.#shown(entry)
  }

  /** Resolves once everything is noted. */
  settle(): Promise<void> {
    return this.#noting
  }

  #shown({ openedAtMs, following }: { openedAtMs: number; following: Following }): Followed {
    const { application, stream, principal } = following
    const { sequence, asOfMs } = following.told()
    const { clock, node } = this.#deps
    const agoMs = performance.now() - asOfMs
    return {
      application,
      stream,
      principal,
      node,
      openedAtMs,
      closedAtMs: undefined,
      told: sequence,
      asOfMs: Number.isFinite(agoMs) ? Math.floor(clock.nowMs() - agoMs) : undefined,
    }
  }

  #note(all: readonly Followed[]): void {
    const { storage, clock, onError } = this.#deps
    this.#noting = this.#noting
      .then(() =>
        storage.transact(async (tx) => {
          for (const one of all)
            if (one.closedAtMs !== undefined && one.stream.startsWith(unnamed)) await forgetFollowed(tx, one)
            else await noteFollowed(tx, one, clock.nowMs())
        }),
      )
      .catch((error) => onError('note of replicas', error))
  }
}

const keyOf = ({ application, stream }: Following) => `${application} ${stream}`
