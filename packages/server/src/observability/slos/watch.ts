import { randomUUID } from 'node:crypto'
import type { Post } from '#authentication'
import type { Clock, Entropy, Meter } from '#kernel'
import type { Storage } from '#storage'
import type { Outgoing } from '#web'
import { deliverDue, sendAlert } from '../alerts/deliver.ts'
import { describe, findBurning, meant, raiseAlerts } from '../alerts/raise.ts'
import { type NodeDeps, NodeReports } from '../nodes/node-reports.ts'
import { Counting, hourMs } from './counting.ts'
import { Minutes, minuteMs } from './minutes.ts'
import type { Objective } from './objective.ts'
import { Reading } from './read-counts.ts'
import { deleteCountsBefore, listCounts, saveCounts } from './slo.store.ts'
import type { Watched } from './slo-file.ts'

export interface WatchDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly outgoing: Outgoing
  readonly post: Post | undefined
  readonly url: string
  readonly watched: Watched
  /** What this node reports of itself; undefined: nothing. */
  readonly node?: Pick<NodeDeps, 'name' | 'region' | 'outgoing'>
  readonly onError: (where: string, error: unknown) => void
}

export const lookEveryMs = 15_000
/** An instrument that asks a database that hangs must not keep the others from being read. */
const readWithinMs = 3_000
const threeDaysMs = 72 * hourMs
const hoursKeptMs = 32 * 24 * hourMs

/** Reads the instruments, keeps what they say minute by minute for all nodes, and raises and delivers alerts. */
export class Watch {
  readonly minutes: ReadonlyMap<string, Minutes>
  readonly #deps: WatchDeps
  readonly #counting = new Counting()
  readonly #node = randomUUID()
  readonly #reports: NodeReports | undefined
  readonly #toldDirectly = new Set<string>()
  #knownSinceMs: number | undefined
  #tidiedAtMs = 0
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(deps: WatchDeps) {
    this.#deps = deps
    this.#reports = deps.node && new NodeReports(this.#node, { ...deps, ...deps.node })
    this.minutes = new Map(deps.watched.objectives.map(({ name }) => [name, new Minutes()]))
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => this.look())
    }, lookEveryMs)
    this.#timer.unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  /** One look: read, keep, judge, tell. Never throws: what fails is logged, and the next look comes. */
  async look(): Promise<void> {
    const { clock, onError, watched } = this.#deps
    const nowMs = clock.nowMs()
    try {
      await this.#read(nowMs)
      await this.#share(nowMs)
      await raiseAlerts({ ...this.#deps, ...watched }, this.minutes)
      this.#toldDirectly.clear()
    } catch (error) {
      onError('service levels', error)
      await this.#tellDirectly(nowMs)
      return
    }
    await deliverDue({ ...this.#deps, ...watched }).catch((error: unknown) => onError('alerts', error))
  }

  async #read(nowMs: number): Promise<void> {
    await this.#reports?.take(nowMs)
    const reading = new Reading(this.#deps.meter)
    for (const objective of this.#deps.watched.objectives) {
      const count = await within(readWithinMs, reading.count(objective))
      if (count === undefined) continue
      if (objective.indicator.kind !== 'monthly') this.#counting.add(objective, count, nowMs)
      else (this.minutes.get(objective.name) as Minutes).standing = count
    }
    // What this node saw counts for itself at once, whatever the database says.
    for (const { objective, width, bucket, ...count } of this.#counting.rows())
      if (width === minuteMs && this.#knownSinceMs === undefined) this.minutes.get(objective)?.set(bucket, count)
  }

  /** Writes what this node saw and reads what all nodes saw. */
  async #share(nowMs: number): Promise<void> {
    const { storage } = this.#deps
    const rows = this.#counting.rows()
    const tidy = nowMs - this.#tidiedAtMs >= hourMs
    await storage.transact(async (tx) => {
      await saveCounts(tx, this.#node, rows)
      await this.#reports?.save(tx, nowMs)
      if (!tidy) return
      await deleteCountsBefore(tx, minuteMs, nowMs - threeDaysMs - hourMs)
      await deleteCountsBefore(tx, hourMs, nowMs - hoursKeptMs)
      await this.#reports?.tidy(tx, nowMs)
    })
    if (tidy) this.#tidiedAtMs = nowMs
    this.#counting.stored(nowMs)
    this.#reports?.stored(nowMs)
    const since = this.#knownSinceMs ?? nowMs - threeDaysMs
    for (const { objective, bucket, ...count } of await listCounts(storage.db, minuteMs, since))
      this.minutes.get(objective)?.set(bucket, count)
    // Another node may still write the last minutes.
    this.#knownSinceMs = nowMs - 3 * minuteMs
  }

  /** The database is away, or takes nothing: pages go out all the same, once to each receiver, from what this node saw. */
  async #tellDirectly(nowMs: number): Promise<void> {
    const { watched, onError } = this.#deps
    for (const { objective, width, bucket, ...count } of this.#counting.rows())
      if (width === minuteMs) this.minutes.get(objective)?.set(bucket, count)
    for (const { objective, found } of findBurning(watched.objectives, this.minutes, nowMs)) {
      if (found.severity !== 'page') continue
      const alert = directAlert(objective, describe(objective, found), nowMs)
      for (const receiver of watched.receivers) {
        const key = `${objective.name} ${receiver.name}`
        if (!meant(receiver, alert) || receiver.afterMinutes !== undefined || this.#toldDirectly.has(key)) continue
        // One that does not answer is tried at the next look, and keeps nobody else from being told.
        await sendAlert(this.#deps, receiver, alert, 'opened').then(
          () => this.#toldDirectly.add(key),
          (error: unknown) => onError(`alert to ${receiver.name}`, error),
        )
      }
    }
  }
}

function directAlert(objective: Objective, says: string, nowMs: number) {
  const { name, component, runbook } = objective
  return {
    id: `unrecorded-${name}`,
    identity: `page:${name}`,
    severity: 'page',
    objective: name,
    component,
    says,
    runbook,
    state: 'open',
    startedAtMs: nowMs,
    seenAtMs: nowMs,
  } as const
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  return await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
