import type { Act, OrganizationId } from '#kernel'

/**
 * Every event type with the shape of its `data`. A room adds its own beside the code that records it:
 * `declare module '#feed' { interface EventCatalogue { 'directory.user_suspended': { reason: string } } }`
 * and describes it with `defineEvents`. Types are only ever added.
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface EventCatalogue {}

export type EventType = keyof EventCatalogue & string

/** What an event is about, or what it touches: an entity by type and id, with the name people know it by. */
export interface ObjectRef {
  readonly type: string
  readonly id: string
  readonly name?: string
}

/** Before and after of each member that changed; a side that is absent had no value. */
export type Changes = Readonly<Record<string, { readonly from?: unknown; readonly to?: unknown }>>

/** What stood around the act: see `Act`. */
export type EventContext = Pick<Act, 'traceId' | 'device' | 'through' | 'bundle'>

export interface NewEvent<T extends EventType> {
  readonly type: T
  readonly atMs: number
  /** Undefined for what concerns the whole deployment. */
  readonly organizationId: OrganizationId | undefined
  readonly object: ObjectRef
  /** The object's revision after the change; followers ignore an older one. */
  readonly revision?: number
  readonly outcome?: 'success' | 'failure' | 'denied'
  /** What a change made of each member; never a secret, never personal data. */
  readonly changes?: Changes
  /** Never a secret. */
  readonly data: EventCatalogue[T]
  /** Entities whose stored state changed, so that snapshots read them again. Default: the object. */
  readonly touches?: readonly ObjectRef[]
}

export interface FeedEvent {
  readonly position: number
  readonly type: string
  readonly atMs: number
  readonly organizationId: OrganizationId | undefined
  readonly object: ObjectRef
  readonly revision: number | undefined
  readonly outcome: 'success' | 'failure' | 'denied'
  readonly actor: Pick<Act['actor'], 'type' | 'name'> & { readonly id?: string }
  readonly requestId: string
  readonly sessionId: string | undefined
  readonly address: string | undefined
  readonly context: EventContext
  readonly changes: Changes | undefined
  readonly data: unknown
  readonly touches: readonly ObjectRef[]
}

const known = new Map<string, string>()

/** Registers a room's event types with a sentence each. @throws {TypeError} when a type is defined twice */
export function defineEvents(table: { readonly [T in EventType]?: string }): void {
  for (const [type, says] of Object.entries(table)) {
    if (known.has(type)) throw new TypeError(`event ${type} is defined twice`)
    known.set(type, says as string)
  }
}

/** Every event type that any loaded room records, with its sentence. */
export function allEvents(): ReadonlyMap<string, string> {
  return known
}
