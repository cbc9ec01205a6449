import type { Surroundings } from '../clock.ts'
import { GatehouseError } from '../errors.ts'
import { type Freshness, LineStream } from '../remote/line-stream.ts'
import { isObject } from './jws.ts'
import type { Revocation, RevocationSet } from './revocation-set.ts'

export interface FollowRevocationsOptions {
  readonly open: (signal: AbortSignal) => Promise<Response>
  /** Tokens are refused when the set may be older than this. Default 5 minutes, as long as a person's token lives. */
  readonly mostStaleMs: number
  readonly onError: (error: unknown) => void
  /** A signing key was given up: those that are cached are no longer those that there are. */
  readonly onKeyEnded?: () => void
}

const kinds: ReadonlySet<unknown> = new Set([
  'token',
  'grant',
  'session',
  'sessions',
  'principal',
  'organization',
  'key',
])

/** Keeps the revocation set in step with the server's: the whole set at first and after each cut, then each change at once. */
export class RevocationFollower {
  readonly #set: RevocationSet
  readonly #options: FollowRevocationsOptions
  readonly #surroundings: Surroundings
  readonly #stream: LineStream
  readonly #first = Promise.withResolvers<void>()
  #freshness: Freshness | undefined
  #pending: Revocation[] | undefined

  constructor(set: RevocationSet, options: FollowRevocationsOptions, surroundings: Surroundings) {
    this.#set = set
    this.#options = options
    this.#surroundings = surroundings
    const { open, onError } = options
    this.#stream = new LineStream(
      { open, onError, onLine: (line, freshness) => this.#take(line, freshness) },
      surroundings,
    )
  }

  start(): void {
    this.#stream.start()
  }

  close(): Promise<void> {
    return this.#stream.close()
  }

  /** Resolves with the first whole set. */
  ready(): Promise<void> {
    return this.#first.promise
  }

  /** How old the set may be at most. */
  get stalenessMs(): number {
    return this.#surroundings.monotonicMs() - (this.#freshness?.asOfMs ?? Number.NEGATIVE_INFINITY)
  }

  /** @throws {GatehouseError} `revocations.stale` */
  requireFresh(): void {
    if (this.stalenessMs <= this.#options.mostStaleMs) return
    throw new GatehouseError('revocations.stale', 'What has been revoked is not known any more', {
      retryAfterSeconds: 1,
    })
  }

  #take(line: Readonly<Record<string, unknown>>, freshness: Freshness): void {
    const { kind, atMs, asOfMs, revocations } = line
    if (kind === 'hello') {
      freshness.begin(Number(atMs))
      this.#pending = []
    } else if (kind === 'set') this.#pending?.push(...readAll(revocations))
    else if (kind === 'change') {
      const changes = readAll(revocations)
      this.#set.add(...changes)
      if (changes.some((one) => one.kind === 'key')) this.#options.onKeyEnded?.()
      this.#set.sweep(this.#surroundings.nowMs())
    } else if (kind === 'ready' && this.#pending !== undefined) {
      this.#set.replace(this.#pending)
      this.#pending = undefined
      this.#freshness = freshness
      this.#first.resolve()
    }
    if (typeof asOfMs === 'number') freshness.whole(asOfMs)
  }
}

/** INVARIANT: a revocation that cannot be read ends the connection: it is not passed over. */
function readAll(list: unknown): Revocation[] {
  if (!Array.isArray(list)) throw new Error('revocations are a list')
  return list.map((one) => {
    const { kind, id, beforeMs, untilMs, except } = isObject(one) ? one : {}
    if (!kinds.has(kind) || typeof id !== 'string' || typeof untilMs !== 'number')
      throw new Error('a revocation that cannot be read')
    return {
      kind: kind as Revocation['kind'],
      id,
      untilMs,
      ...(typeof beforeMs === 'number' && { beforeMs }),
      ...(typeof except === 'string' && { except }),
    }
  })
}
