import { setImmediate } from 'node:timers/promises'
import { entityToJson, stringifyJson } from '@gatehouse/cedar'
import { type FeedEvent, listEvents } from '#feed'
import type { ApplicationId, Clock, GrantId } from '#kernel'
import type { Storage } from '#storage'
import type { ApplicationPolicies } from '../engine/application.ts'
import type { Applied, Snapshot } from '../engine/snapshot.ts'
import type { GatewayMemory } from '../forward-auth/gateway-memory.ts'
import { changesOf, showBundle, showGrant } from './changes.ts'
import { markOf, type Place, type ReplicaCursors } from './cursor.ts'
import type { NodeFreshness } from './freshness.ts'
import type { OpenStream } from './open-stream.ts'

export interface ReplicaStreamDeps {
  readonly storage: Storage
  readonly snapshot: Snapshot
  readonly cursors: ReplicaCursors
  readonly freshness: NodeFreshness
  readonly clock: Clock
  readonly memory: Pick<GatewayMemory, 'byId' | 'onChange'>
}

/** More events than these behind, and everything is sent anew. */
const catchUpMost = 5_000
const chunk = 500
/** So many entities are looked at before others get their turn. */
const lookedAtMost = 5_000

/**
 * Sends what an application decides from: everything, or from a cursor on what has changed since; then each change as it takes effect
 * here. Lines of one stream are numbered; each carries the cursor to come back with.
 */
export function followReplica(
  deps: ReplicaStreamDeps,
  id: ApplicationId,
  after: Place | undefined,
  mayStill: () => boolean,
  stream: OpenStream,
) {
  const { snapshot, clock, freshness, cursors } = deps
  const isDirectoryType = (type: string) => snapshot.directory.types.has(type)
  const startAt = snapshot.position
  let sequence = 0
  /** What the newest position that is applied here is of; unknown until it is read. */
  let place: Place | undefined
  // INVARIANT: no change is told before `ready`: what comes meanwhile waits in the stream's queue behind the first lines.
  const tell = (applied: Applied) => {
    const part = snapshot.application(id)
    if (part === undefined) return stream.end()
    const last = applied.events.at(-1)
    if (last !== undefined) place = { position: applied.position, mark: markOf(last) }
    const changes = changesOf(part, applied, isDirectoryType, clock.nowMs())
    if (changes === '') return
    const cursor = place === undefined ? '' : `"cursor":"${cursors.seal(id, place)}",`
    stream.push(`{"kind":"change","sequence":${++sequence},${cursor}${changes}}`)
  }
  const showGateway = () => JSON.stringify(gatewayOf(deps.memory, id))
  const stops = [
    snapshot.onApplied(tell),
    deps.memory.onChange((changed) => {
      if (changed === id) stream.push(`{"kind":"change","sequence":${++sequence},"gateway":${showGateway()}}`)
    }),
  ]
  const first = async function* () {
    const part = snapshot.application(id)
    if (part === undefined) return
    const { asOfMs } = freshness
    const missed =
      after === undefined || after.position > startAt ? undefined : await eventsBetween(deps.storage, after, startAt)
    const mark = await markAt(deps.storage, startAt)
    place ??= { position: startAt, mark }
    const resumed = missed !== undefined
    const { organizationId } = part
    const types = [...snapshot.directory.types]
    const hello = {
      protocol: 1,
      atMs: Math.ceil(performance.now()),
      application: id,
      organizationId,
      directoryTypes: types,
      resumed,
    }
    yield JSON.stringify({ kind: 'hello', ...hello })
    if (resumed) yield* changesSince(part, missed, startAt, isDirectoryType, clock.nowMs())
    else yield* everything(snapshot, part, clock.nowMs())
    // What gateways go by is told whole at every start: it has no cursor of its own.
    yield `{"kind":"gateway","gateway":${showGateway()}}`
    const cursor = cursors.seal(id, { position: startAt, mark })
    yield JSON.stringify({ kind: 'ready', cursor, ...(Number.isFinite(asOfMs) && { asOfMs }) })
  }
  const beat = () => {
    if (!mayStill()) return stream.end()
    const { asOfMs } = freshness
    const cursor = place && cursors.seal(id, place)
    stream.push(JSON.stringify({ kind: 'beat', sequence, cursor, ...(Number.isFinite(asOfMs) && { asOfMs }) }))
  }
  const stop = () => {
    for (const each of stops) each()
  }
  const told = () => ({ sequence, asOfMs: freshness.asOfMs })
  return { beat, first: first(), stop, told }
}

/** What an application is at gateways: its name, origins and routes; null for one that stands behind none. */
function gatewayOf(memory: Pick<GatewayMemory, 'byId'>, id: ApplicationId): object | null {
  const known = memory.byId(id)?.application
  return known === undefined ? null : { name: known.name, origins: known.origins, routes: known.routes }
}

/**
 * The events after one place up to a position; undefined when they are too many or no longer all there, or when the place is of another
 * history: the database was restored from before then, and what came after it never was.
 */
async function eventsBetween(storage: Storage, after: Place, to: number): Promise<FeedEvent[] | undefined> {
  const count = to - after.position
  if (count > catchUpMost || (await markAt(storage, after.position)) !== after.mark) return undefined
  const events = (await listEvents(storage.db, after.position, catchUpMost)).filter(({ position }) => position <= to)
  return events.length === count ? events : undefined
}

/** Empty where nothing is known of a position: before the first event, or when it is no longer there. */
async function markAt(storage: Storage, position: number): Promise<string> {
  const event = position === 0 ? undefined : (await listEvents(storage.db, position - 1, 1))[0]
  return event?.position === position ? markOf(event) : ''
}

/** Grants that are gone are told without knowing whose they were: the replica has them or not. */
function* changesSince(
  part: ApplicationPolicies,
  events: readonly FeedEvent[],
  position: number,
  isDirectoryType: (type: string) => boolean,
  nowMs: number,
) {
  const gone = new Map<GrantId, ApplicationId>()
  for (const event of events) {
    if (event.organizationId !== part.organizationId) continue
    for (const { type, id } of event.touches)
      if (type === 'Grant' && part.grant(id as GrantId) === undefined) gone.set(id as GrantId, part.id)
  }
  const changes = changesOf(part, { events, removedGrants: gone, position }, isDirectoryType, nowMs)
  if (changes !== '') yield `{"kind":"missed",${changes}}`
}

async function* everything(snapshot: Snapshot, part: ApplicationPolicies, nowMs: number): AsyncGenerator<string> {
  yield stringifyJson({ kind: 'bundle', bundle: showBundle(part, nowMs) })
  let some: unknown[] = []
  let lookedAt = 0
  const entities = function* () {
    for (const type of snapshot.directory.types)
      for (const entity of snapshot.directory.all.ofType(type))
        yield part.view.find(type, entity.id) === undefined ? undefined : entity
    yield* part.view.resources
  }
  for (const entity of entities()) {
    if (++lookedAt % lookedAtMost === 0) await setImmediate()
    if (entity === undefined) continue
    some.push(entityToJson(entity))
    if (some.length < chunk) continue
    yield stringifyJson({ kind: 'entities', put: some })
    some = []
  }
  if (some.length > 0) yield stringifyJson({ kind: 'entities', put: some })
  let grants: object[] = []
  for (const grant of part.grants()) {
    grants.push(showGrant(grant))
    if (grants.length < chunk) continue
    yield JSON.stringify({ kind: 'grants', grants })
    grants = []
    await setImmediate()
  }
  if (grants.length > 0) yield JSON.stringify({ kind: 'grants', grants })
}
