import { defineEvents } from '#feed'

declare module '#feed' {
  interface EventCatalogue {
    'observability.alert_opened': {
      severity: string
      objective: string
      component: string
      says: string
      cause?: string
    }
    'observability.alert_resolved': { objective: string; lastedMs: number }
    'observability.alert_acknowledged': { objective: string }
    'observability.silence_created': { objective?: string; component?: string; untilMs: number; why: string }
    'observability.silence_ended': Record<string, never>
  }
}
defineEvents({
  'observability.alert_opened': 'An objective burns its error budget too fast: an alert was opened',
  'observability.alert_resolved': 'An alert is over: its objective holds again',
  'observability.alert_acknowledged': 'Somebody looks after an alert; it does not escalate any more',
  'observability.silence_created': 'Alerts were silenced until a moment, with a reason',
  'observability.silence_ended': 'A silence was ended early',
})
