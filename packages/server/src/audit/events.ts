import { defineEvents } from '#feed'

declare module '#feed' {
  interface EventCatalogue {
    'audit.sink_replayed': { after: number }
    'audit.retention_changed': { scope: string; keepDays?: number; archiveDays?: number }
    'audit.retention_minimum_changed': { days: number; was: number }
    'audit.hold_placed': { subject?: string; fromMs?: number; untilMs?: number; endsAtMs?: number; reason: string }
    'audit.hold_released': { reason: string }
    'audit.retention_swept': { removed: number; held: number; archived: number; away: string[] }
    'audit.clock_went_back': { byMs: number; since: string }
    'audit.tampering_found': { what: string }
    'audit.sink_lied': { sink: string; says: string }
    'audit.witness_disagreed': { witness: string; says: string }
    'audit.sink_gap': { sink: string; first: number; last: number }
    'audit.entries_erased': { because: 'person' | 'retention'; entries: string }
    'audit.person_erased': { person: string; entries: number }
  }
}

defineEvents({
  'audit.retention_changed': 'How long the audit log keeps what it says was changed',
  'audit.retention_minimum_changed':
    'The days for which every entry keeps its body, whatever an organization sets, were changed',
  'audit.hold_placed': 'A legal hold keeps entries of the audit log from being removed or erased',
  'audit.hold_released': 'A legal hold was released',
  'audit.retention_swept': 'Entries past their retention were removed, old ranges archived; the tree stays',
  'audit.clock_went_back': 'The clock of a node went back: times around here are not in order, positions are',
  'audit.tampering_found': 'A place of the audit log is not as it was signed',
  'audit.sink_lied': 'A sink acknowledged or kept what cannot be',
  'audit.witness_disagreed':
    'A witness had seen a log that this one does not continue: a fork, or a backup that was put back',
  'audit.sink_gap': 'Events between two positions were not there for a sink',
  'audit.person_erased': 'What the audit log said of a deleted person was erased; the tree stays',
  'audit.entries_erased':
    'These entries lost their bodies, as `3,5-9`: one without its body that no such event names was tampered with',
  'audit.sink_replayed': 'A sink of the audit log is sent everything after a position once more',
})
