import { type Clock, Fault, type Meter } from '#kernel'
import { type ConsistencyToken, readConsistencyToken, type Storage } from '#storage'
import { findFollowerPosition } from './event.store.ts'
import { Alarm, type Follower, type FollowOptions } from './follower.ts'
import { RecentEvents } from './recent-events.ts'
import { StoredCursor } from './stored-cursor.ts'
import './faults.ts'

const batchMost = 500
const pollMs = { sqlite: 1_000, postgres: 200 }

interface FollowerState {
  /** The newest position whose event has been handled. */
  position: number
  /** When it last finished a batch or found nothing to do, in monotonic milliseconds. */
  doneAtMs: number
}

export interface FeedDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly meter: Meter
  /** Told of a follower's failure and of a feed that cannot be numbered or read. */
  readonly onError: (where: string, error: unknown) => void
}

/** The one stream of changes that everything else follows: caches, ledger, metrics, signals. */
export class Feed {
  readonly #deps: FeedDeps
  readonly #alarms = new Set<Alarm>()
  readonly #running: { stop(): Promise<void> }[] = []
  readonly #followers = new Map<string, FollowerState>()

  readonly #recent: RecentEvents
  /** The newest position, as of the last commit of this process, where commits tell it. */
  #newest: number | undefined

  constructor(deps: FeedDeps) {
    this.#deps = deps
    this.#recent = new RecentEvents(deps.storage)
    const { storage, meter } = deps
    const unhook = storage.onCommit((newest) => {
      // Most commits of followers (cursors, indexes) bring no event: they wake nobody.
      if (newest !== undefined && newest === this.#newest) return
      this.#newest = newest
      for (const alarm of this.#alarms) alarm.ring()
    })
    this.#running.push({ stop: async () => unhook() })
    if (storage.engine === 'postgres') this.#running.push(this.#loop('sequencer', () => storage.numberEvents()))
    const followers = this.#followers
    meter.gauge('feed_position', 'Newest feed position a follower has handled', ['follower'], function () {
      for (const [name, { position }] of followers) this.set({ follower: name }, position)
    })
    meter.gauge(
      'feed_stalled_seconds',
      'Age of the oldest committed event that has no position yet',
      [],
      async function () {
        const since = await storage.unnumberedSinceMs().catch(() => undefined)
        this.set(since === undefined ? 0 : Math.max(0, deps.clock.nowMs() - since) / 1_000)
      },
    )
    meter.gauge(
      'feed_lag_events',
      'Numbered events that a follower has not handled yet',
      ['follower'],
      async function () {
        const mark = await storage.readMark().catch(() => undefined)
        if (mark === undefined) return
        for (const [name, { position }] of followers)
          this.set({ follower: name }, Math.max(0, mark.position - position))
      },
    )
  }

  /** Starts a follower. Its handler sees every event after its cursor, in order, in batches. */
  async follow(options: FollowOptions): Promise<Follower> {
    const { storage } = this.#deps
    const state: FollowerState = {
      position: options.after === 'stored' ? await findFollowerPosition(storage.db, options.name) : options.after,
      doneAtMs: performance.now(),
    }
    this.#followers.set(options.name, state)
    const stored = options.after === 'stored' ? new StoredCursor(storage, options.name, state.position) : undefined
    const loop = this.#loop(options.name, async (polled) => {
      // Nothing is read for what a commit has told already; what it has not told is found by the poll.
      if (!polled && this.#newest !== undefined && state.position >= this.#newest) {
        state.doneAtMs = performance.now()
        return 0
      }
      const events = await this.#recent.after(state.position, batchMost)
      const last = events.at(-1)
      if (last === undefined) {
        state.doneAtMs = performance.now()
        return 0
      }
      await options.handle(events)
      stored?.moveTo(last.position, (error) => this.#deps.onError(options.name, error))
      state.position = last.position
      state.doneAtMs = performance.now()
      return events.length
    })
    const running = {
      stop: async () => {
        await loop.stop()
        await stored?.save().catch((error) => this.#deps.onError(options.name, error))
      },
    }
    this.#running.push(running)
    return {
      name: options.name,
      get position() {
        return state.position
      },
      stop: () => {
        this.#followers.delete(options.name)
        return running.stop()
      },
    }
  }

  /**
   * Resolves once `follower` has handled every event of the write that `token` names.
   * @throws {Fault} `feed.token_invalid`, or `feed.behind` (503, Retry-After) after `withinMs`
   */
  async waitFor(follower: Follower, token: ConsistencyToken, withinMs: number): Promise<void> {
    const { storage } = this.#deps
    const wanted = readConsistencyToken(storage.engine, token)
    if (wanted === undefined) throw new Fault('feed.token_invalid')
    const until = performance.now() + withinMs
    let target = storage.engine === 'sqlite' ? Number(wanted) : undefined
    if (target !== undefined && follower.position >= target) return
    const alarm = new Alarm()
    this.#alarms.add(alarm)
    try {
      for (;;) {
        if (target === undefined) {
          const mark = await storage.readMark()
          if (wanted < mark.below) target = mark.position
        }
        if (target !== undefined && follower.position >= target) return
        if (performance.now() >= until) throw new Fault('feed.behind', { retryAfterSeconds: 1 })
        await alarm.wait(5)
      }
    } finally {
      this.#alarms.delete(alarm)
    }
  }

  /** How long the oldest committed event has waited for a position, and which followers have got nowhere for 10 s. */
  async health(): Promise<{ stalledMs: number; behind: string[] }> {
    const since = await this.#deps.storage.unnumberedSinceMs()
    const stuck = [...this.#followers].filter(([, { doneAtMs }]) => performance.now() - doneAtMs > 10_000)
    return {
      stalledMs: since === undefined ? 0 : Math.max(0, this.#deps.clock.nowMs() - since),
      behind: stuck.map(([name]) => name),
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((running) => running.stop()))
  }

  /** Runs `step` until it has nothing to do, then sleeps until a commit or the poll. */
  #loop(name: string, step: (polled: boolean) => Promise<number>): { stop(): Promise<void> } {
    const alarm = new Alarm()
    this.#alarms.add(alarm)
    let stopping = false
    let polled = true
    const run = async () => {
      while (!stopping) {
        try {
          if ((await step(polled)) > 0) continue
        } catch (error) {
          if (stopping) return
          this.#deps.onError(name, error)
          await new Promise((resolve) => setTimeout(resolve, 250))
          continue
        }
        polled = (await alarm.wait(pollMs[this.#deps.storage.engine])) === 'polled'
      }
    }
    const running = run()
    return {
      stop: async () => {
        stopping = true
        this.#alarms.delete(alarm)
        alarm.ring()
        await running
      },
    }
  }
}
