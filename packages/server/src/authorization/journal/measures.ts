import type { Meter } from '#kernel'

/** What is measured of the journal; `unsynced` says how much the medium may not have yet. */
export function measureJournal(meter: Meter, unsynced: () => number) {
  meter.gauge('decision_journal_unsynced_records', 'Decisions kept that the medium may not have yet', [], function () {
    this.set(unsynced())
  })
  return {
    records: meter.counter('decision_journal_records_total', 'Decisions kept in the journal'),
    failures: meter.counter('decision_journal_failures_total', 'Times the journal could not be written or flushed'),
    flush: meter.seconds(
      'decision_journal_flush_duration_seconds',
      'Duration of one flush of the journal to the medium',
      [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
    ),
  }
}
