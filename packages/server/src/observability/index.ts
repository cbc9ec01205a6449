export { Arrival } from './events/arrival.ts'
export { eventsOperations } from './events/events.routes.ts'
export type { EventsDeps } from './events/list-events.ts'
