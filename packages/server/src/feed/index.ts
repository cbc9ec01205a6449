export { type Claim, deleteClaimsBefore, findClaim, saveClaimAnswer } from './claim.store.ts'
export {
  type EventFilter,
  examineEvents,
  feedMigrations,
  findEvents,
  listEvents,
  listNewestEvents,
  record,
  recordAll,
} from './event.store.ts'
export {
  allEvents,
  type Changes,
  defineEvents,
  type EventCatalogue,
  type EventContext,
  type EventType,
  type FeedEvent,
  type NewEvent,
  type ObjectRef,
} from './events.ts'
export { Feed, type FeedDeps } from './feed.ts'
export { Alarm, type Follower, type FollowOptions } from './follower.ts'
export {
  blankEvents,
  type EventHead,
  headsOf,
  isOnItsWay,
  isReadable,
  listEventHeads,
  listPositionsOf,
  redactEvents,
} from './forget.store.ts'
export { adoptPositions, feedViews } from './portable.ts'
