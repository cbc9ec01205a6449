import type { Clock, Meter } from '#kernel'
import type { Storage } from '#storage'
import { findLedgerState } from '../ledger/ledger.store.ts'
import { findSinkState } from './sink.store.ts'

/** Metrics of the sinks; the label is a name of the operator's own file. */
export function measureSinks(deps: { storage: Storage; clock: Clock; meter: Meter }, names: readonly string[]) {
  const { storage, clock, meter } = deps
  meter.gauge('audit_events_exported', 'Newest position that a sink has', ['sink'], async function () {
    for (const sink of names) this.set({ sink }, (await findSinkState(storage.db, sink))?.position ?? 0)
  })
  meter.gauge(
    'audit_sink_lag_events',
    'Events in the signed tree that a sink does not have yet',
    ['sink'],
    async function () {
      const size = (await findLedgerState(storage.db))?.size ?? 0
      for (const sink of names)
        this.set({ sink }, Math.max(0, size - ((await findSinkState(storage.db, sink))?.position ?? 0)))
    },
  )
  meter.gauge(
    'audit_sink_lag_seconds',
    'How long a sink with events to take has taken none',
    ['sink'],
    async function () {
      const size = (await findLedgerState(storage.db))?.size ?? 0
      for (const sink of names) {
        const state = await findSinkState(storage.db, sink)
        const waits = state !== undefined && state.position < size
        this.set({ sink }, waits ? Math.max(0, clock.nowMs() - state.updatedAtMs) / 1_000 : 0)
      }
    },
  )
  const measures = {
    failures: meter.counter('audit_sink_failures_total', 'Batches that a sink did not take', ['sink']),
    deadLetters: meter.counter('audit_sink_dead_letters_total', 'Events put aside because a sink refuses them', [
      'sink',
    ]),
    lies: meter.counter('audit_sink_lies_total', 'Times a sink acknowledged or kept what cannot be', ['sink']),
    gaps: meter.counter('audit_sink_gaps_total', 'Times events between two positions were not there for a sink', [
      'sink',
    ]),
  }
  // A counter that appears with its first incident shows no rise: it begins at 0.
  for (const sink of names) for (const one of [measures.gaps, measures.lies, measures.deadLetters]) one.inc({ sink }, 0)
  return measures
}
