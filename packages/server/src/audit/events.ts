import { defineEvents } from '#feed'

declare module '#feed' {
  interface EventCatalogue {
    'audit.sink_replayed': { after: number }
    'audit.person_erased': { person: string; entries: number }
  }
}

defineEvents({
  'audit.person_erased': 'What the audit log said of a deleted person was erased; the tree stays',
  'audit.sink_replayed': 'A sink of the audit log is sent everything after a position once more',
})
