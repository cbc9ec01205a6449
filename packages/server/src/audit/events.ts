import { defineEvents } from '#feed'

declare module '#feed' {
  interface EventCatalogue {
    'audit.sink_replayed': { after: number }
  }
}

defineEvents({
  'audit.sink_replayed': 'A sink of the audit log is sent everything after a position once more',
})
