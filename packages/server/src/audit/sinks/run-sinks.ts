import { Alarm, type EventCatalogue, type FeedEvent, listEvents, record } from '#feed'
import { type Act, type Clock, type Entropy, Fault, type Meter } from '#kernel'
import type { Storage } from '#storage'
import { findLedgerState } from '../ledger/ledger.store.ts'
import {
  addDeadLetter,
  beginSink,
  findSinkState,
  holdSink,
  listDeadLetters,
  moveSink,
  noteSinkFailure,
  releaseSink,
  resetSink,
} from './sink.store.ts'
import { Refused, type Sink, SinkLies } from './sink.ts'
import type { NamedSink } from './sink-file.ts'
import { measureSinks } from './sink-measures.ts'
import '../events.ts'
import '../faults.ts'

const batchMost = 500
/** Sent while a sink fails: asking whether it is back costs little. */
const probe = 50
const pollMs = 1_000
const heldMs = 30_000
const longestPauseMs = 60_000
const firstPauseMs = 1_000
const hourMs = 3_600_000
const system: Act = { actor: { type: 'system', name: 'audit' }, requestId: 'sinks' }

export interface SinksDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly sinks: readonly NamedSink[]
  readonly onError: (where: string, error: unknown) => void
  /** The first pause after a failure. Default 1,000. */
  readonly pauseMs?: number
}

export interface SinkReport {
  readonly name: string
  readonly kind: Sink['kind']
  readonly position: number
  readonly lagEvents: number
  readonly failures: number
  readonly failure?: string
  readonly deadLetters: readonly { readonly position: number; readonly reason: string; readonly atMs: number }[]
}

export interface Sinks {
  /** Events that were not there for a sink in the last hour. */
  lostLately(): number
  report(): Promise<SinkReport[]>
  /** Sends everything after `position` again. @throws {Fault} `audit.sink_unknown` */
  replay(name: string, position: number): Promise<void>
  close(): Promise<void>
}

/** Milliseconds until a sink is asked again: doubled by each failure in a row, at most a minute. */
export function pauseAfter(failures: number, firstMs = firstPauseMs): number {
  return Math.min(longestPauseMs, firstMs * 2 ** Math.min(failures - 1, 10))
}

/**
 * Feeds every sink from a cursor of its own, after the ledger: what a sink gets stands in the signed tree. A sink that is
 * down, slow or lying holds up nothing but itself; nothing is ever dropped for it, only put aside when it refuses the content.
 */
export async function runSinks(deps: SinksDeps): Promise<Sinks> {
  const { storage, clock, onError } = deps
  const nodeId = Buffer.from(deps.entropy.bytes(9)).toString('base64url')
  const nowMs = clock.nowMs()
  const newest = (await storage.readMark()).position
  for (const { sink, from } of deps.sinks)
    await storage.transact((tx) => beginSink(tx, sink.name, from === 'now' ? newest : 0, nowMs))
  const measures = measureSinks(
    deps,
    deps.sinks.map(({ sink }) => sink.name),
  )
  const alarms = new Map(deps.sinks.map(({ sink }) => [sink.name, new Alarm()]))
  const unhook = storage.onCommit(() => {
    for (const alarm of alarms.values()) alarm.ring()
  })
  let lost: { readonly atMs: number; readonly count: number }[] = []
  const toldGaps = new Set<string>()
  let stopped = false
  const loops = deps.sinks.map(({ sink }) => feed(sink, alarms.get(sink.name) as Alarm))

  async function feed(sink: Sink, alarm: Alarm): Promise<void> {
    let failures = 0
    let heldUntilMs = 0
    /** Where the stored cursor is, and what was sent beyond it without being settled yet. */
    let stored: number | undefined
    let sent = 0
    let settling: { to: number; atMs: number }[] = []
    const hold = async () => {
      const now = clock.nowMs()
      if (now < heldUntilMs - heldMs / 2) return true
      const ours = await storage.transact((tx) => holdSink(tx, sink.name, nodeId, now, now + heldMs))
      heldUntilMs = ours ? now + heldMs : 0
      return ours
    }
    const settle = async (all = false) => {
      const now = performance.now()
      const done = settling.filter(({ atMs }) => all || now - atMs >= sink.settleMs)
      const to = done.at(-1)?.to
      if (to === undefined || stored === undefined) return
      const from = stored
      settling = settling.slice(done.length)
      if (await storage.transact((tx) => moveSink(tx, sink.name, from, to, clock.nowMs()))) stored = to
      else stored = undefined // a replay has set it: read it again
    }
    const turn = async (): Promise<boolean> => {
      if (!(await hold())) {
        stored = undefined
        return false
      }
      const state = await findSinkState(storage.db, sink.name)
      if (state === undefined) return false
      if (stored !== state.position) {
        stored = state.position
        sent = state.position
        settling = []
      }
      await settle()
      const size = (await findLedgerState(storage.db))?.size ?? 0
      const events = (await listEvents(storage.db, sent, failures > 0 ? probe : batchMost)).filter(
        (event) => event.position <= size,
      )
      const last = events.at(-1)
      if (last === undefined) return false
      let expected = sent + 1
      for (const { position } of events) {
        if (position !== expected) await tellGap(sink, expected, position - 1)
        expected = position + 1
      }
      await deliver(sink, events)
      sent = last.position
      settling.push({ to: last.position, atMs: performance.now() })
      if (sink.settleMs === 0) await settle()
      failures = 0
      return true
    }
    while (!stopped) {
      try {
        if (await turn()) {
          await new Promise((resolve) => setImmediate(resolve))
          continue
        }
        const next = settling[0]
        await alarm.wait(next === undefined ? pollMs : Math.max(5, next.atMs + sink.settleMs - performance.now()))
      } catch (error) {
        failures++
        stored = undefined
        measures.failures.inc({ sink: sink.name })
        const says = (error instanceof Error ? error.message : String(error)).slice(0, 500)
        if (error instanceof SinkLies) {
          measures.lies.inc({ sink: sink.name })
          // Once a row of failures: an event for each try would feed the sink with its own lies.
          if (failures === 1) await note('audit.sink_lied', { sink: sink.name, says }).catch(() => undefined)
        }
        // The first of a row is told, and every 20th: a sink that is down for a day fills no log.
        if (failures % 20 === 1) onError(`audit sink ${sink.name}`, error)
        await storage.transact((tx) => noteSinkFailure(tx, sink.name, failures, says)).catch(() => undefined)
        await pause(pauseAfter(failures, deps.pauseMs))
      }
    }
    await settle(sink.settleMs === 0).catch(() => undefined)
    await storage.transact((tx) => releaseSink(tx, sink.name, nodeId)).catch(() => undefined)

    async function pause(ms: number): Promise<void> {
      const until = performance.now() + ms
      for (let left = ms; left > 0 && !stopped; left = until - performance.now()) await alarm.wait(Math.min(left, 500))
    }
  }

  async function tellGap(sink: Sink, firstGone: number, lastGone: number): Promise<void> {
    // A batch that is tried again has the same gap.
    const gap = `${sink.name} ${firstGone}`
    if (toldGaps.has(gap)) return
    toldGaps.add(gap)
    measures.gaps.inc({ sink: sink.name })
    onError(`audit sink ${sink.name}`, new Error(`events ${firstGone} to ${lastGone} are not there any more`))
    lost.push({ atMs: clock.nowMs(), count: lastGone - firstGone + 1 })
    await note('audit.sink_gap', { sink: sink.name, first: firstGone, last: lastGone })
  }

  function note<T extends 'audit.sink_lied' | 'audit.sink_gap'>(type: T, data: EventCatalogue[T]): Promise<void> {
    const object = { type: 'AuditSink', id: data.sink }
    return storage.transact((tx) =>
      record(tx, system, { type, atMs: clock.nowMs(), organizationId: undefined, object, outcome: 'failure', data }),
    )
  }

  /** Hands over a batch; what a place refuses is narrowed down to the events themselves, which are put aside. */
  async function deliver(sink: Sink, events: readonly FeedEvent[]): Promise<void> {
    try {
      await sink.send(events)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const [only] = events
      if (events.length > 1) {
        const middle = events.length >> 1
        await deliver(sink, events.slice(0, middle))
        return deliver(sink, events.slice(middle))
      }
      const { position } = only as FeedEvent
      await storage.transact((tx) => addDeadLetter(tx, sink.name, position, error.message.slice(0, 500), clock.nowMs()))
      measures.deadLetters.inc({ sink: sink.name })
      onError(`audit sink ${sink.name}`, new Error(`event ${position} is put aside: ${error.message}`))
    }
  }

  return {
    lostLately: () => {
      lost = lost.filter(({ atMs }) => clock.nowMs() - atMs < hourMs)
      return lost.reduce((sum, { count }) => sum + count, 0)
    },
    report: async () => {
      const size = (await findLedgerState(storage.db))?.size ?? 0
      const all: SinkReport[] = []
      for (const { sink } of deps.sinks) {
        const state = await findSinkState(storage.db, sink.name)
        if (state === undefined) continue
        const { name, position, failures, failure } = state
        const deadLetters = await listDeadLetters(storage.db, name, 100)
        const lagEvents = Math.max(0, size - position)
        all.push({ name, kind: sink.kind, position, lagEvents, failures, ...(failure && { failure }), deadLetters })
      }
      return all
    },
    replay: async (name, position) => {
      const known = deps.sinks.some(({ sink }) => sink.name === name)
      if (!known || !(await storage.transact((tx) => resetSink(tx, name, position, clock.nowMs()))))
        throw new Fault('audit.sink_unknown')
      alarms.get(name)?.ring()
    },
    close: async () => {
      stopped = true
      unhook()
      for (const alarm of alarms.values()) alarm.ring()
      await Promise.all(loops)
      await Promise.all(deps.sinks.map(({ sink }) => sink.close()))
    },
  }
}
