import type { FeedEvent } from '#feed'

/** Members of `data` and `changes` that tell of a person whatever the event is. */
const personalAlways = new Set(['email', 'username', 'displayName', 'phone', 'network', 'address'])
/** Members that do so where the event is about a person. */
const personalOfUsers = new Set(['name', 'reason', 'why', 'subject', 'device'])

/** A value that is personal, by its place in the event. */
export type Personal = Readonly<Record<string, unknown>>

export interface Classed {
  /** The event without what is personal. */
  readonly open: FeedEvent
  /** What is personal, by the person it belongs to. */
  readonly personal: ReadonlyMap<string, Personal>
}

/**
 * Takes an event apart by the class of its members. Personal is: the name, address and device of a user who acts; the name of
 * a user who is acted upon; and of the details what tells of a person. Ids, types, times and outcomes are open.
 */
export function classify(event: FeedEvent): Classed {
  const actor = event.actor.type === 'user' ? event.actor.id : undefined
  const object = event.object.type === 'User' ? event.object.id : undefined
  const nobody = new Map<string, Personal>()
  if (actor === undefined && object === undefined) return { open: event, personal: nobody }
  const found = new Map<string, Record<string, unknown>>()
  const take = (subject: string, place: string, value: unknown) => {
    if (value === undefined) return
    const own = found.get(subject) ?? {}
    found.set(subject, own)
    own[place] = value
  }
  let open = event
  if (actor !== undefined) {
    const { name, ...rest } = open.actor
    take(actor, 'actor.name', name)
    open = { ...open, actor: rest as FeedEvent['actor'] }
  }
  // What came from where belongs to whoever acted; where nobody is known to, to whom it was done.
  const sender = actor ?? (event.actor.type === 'anonymous' ? object : undefined)
  if (sender !== undefined) {
    const { device, ...context } = open.context
    take(sender, 'address', open.address)
    take(sender, 'context.device', device)
    open = { ...open, address: undefined, context }
  }
  if (object !== undefined) {
    const { name, ...rest } = open.object
    take(object, 'object.name', name)
    open = { ...open, object: rest }
  }
  const told = object ?? (actor as string)
  for (const part of ['data', 'changes'] as const) {
    const members = open[part] as Record<string, unknown> | undefined
    if (typeof members !== 'object' || members === null || Array.isArray(members)) continue
    const isPersonal = (name: string) => personalAlways.has(name) || (object !== undefined && personalOfUsers.has(name))
    if (!Object.keys(members).some(isPersonal)) continue
    const rest: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(members)) {
      if (isPersonal(name)) take(told, `${part}.${name}`, value)
      else rest[name] = value
    }
    open = { ...open, [part]: rest }
  }
  return { open, personal: found }
}

/** Puts opened members back to their places in a body that was parsed. */
export function restore(body: Record<string, unknown>, personal: Personal): void {
  for (const [place, value] of Object.entries(personal)) {
    const dot = place.indexOf('.')
    if (dot === -1) {
      body[place] = value
      continue
    }
    const part = place.slice(0, dot)
    body[part] = { ...(body[part] as object | undefined), [place.slice(dot + 1)]: value }
  }
}
