import type { Feed, FeedEvent } from '#feed'
import type { Storage, Tx } from '#storage'
import { deleteArtifactsOf } from '../artifacts/artifact.store.ts'
import { deleteConsentsOf } from '../consent/consent.store.ts'
import type { ClientCache } from '../oidc/clients.ts'
import { tokenLifeMostMs } from '../oidc/lifetimes.ts'
import { jwtArtifactId } from '../oidc/stored-token.ts'
import { listRevocations, putRevocation, type Revocation } from './revocation.store.ts'
import type { RevocationSet } from './revocation-set.ts'

interface Deps {
  readonly storage: Storage
  readonly feed: Feed
  readonly revocations: RevocationSet
  readonly clients: ClientCache
}

/** Kept past the last token, for a node that read its directory late. */
const keptMs = 24 * tokenLifeMostMs

const barred = new Set(['suspended', 'deactivated', 'deleted'])
/** Of this room's own events, those whose revocation the transaction did not write. */
const writtenHere: ReadonlySet<string> = new Set([
  'tokens.principal_contained',
  'tokens.revoked',
  'tokens.api_key_revoked',
])
const principalTypes: Readonly<Record<string, Revocation['kind']>> = {
  User: 'principal',
  Machine: 'principal',
  Application: 'principal',
  Organization: 'organization',
}

type Told = Pick<FeedEvent, 'type' | 'object' | 'atMs' | 'data'> & {
  readonly organizationId?: FeedEvent['organizationId']
}

/**
 * What an event takes away. Whoever is barred is so until activated again, whatever a clock or a late cache says; what was issued
 * before then stays dead.
 */
export function revocationOf(event: Told): Revocation | undefined {
  const found = takenBy(event)
  if (found === undefined) return undefined
  const { object, organizationId } = event
  if (object.type === 'Organization') return { ...found, organizationId: object.id }
  if (organizationId !== undefined) return { ...found, organizationId }
  const { clientId, subject } = (event.data ?? {}) as { clientId?: string; subject?: string }
  const principals = [clientId, subject].filter((id) => id !== undefined && id !== '') as string[]
  return principals.length === 0 ? found : { ...found, principals }
}

function takenBy(event: Told): Revocation | undefined {
  const { type, object, atMs, data } = event
  const untilMs = atMs + keptMs
  if (type === 'tokens.grant_revoked' || type === 'directory.trust_deleted')
    return { kind: 'grant', id: object.id, beforeMs: undefined, untilMs }
  if (type === 'tokens.token_revoked') return { kind: 'token', id: object.id, beforeMs: undefined, untilMs }
  // This node's own set of keys knows by itself; services that have asked about a key remember the answer for a while.
  if (type === 'tokens.api_key_revoked') {
    const issuedAtMs = Date.parse(String((data as { issuedAt?: string }).issuedAt ?? ''))
    if (Number.isNaN(issuedAtMs)) return undefined
    const id = jwtArtifactId(object.id, Math.floor(issuedAtMs / 1_000))
    return { kind: 'token', id, beforeMs: undefined, untilMs }
  }
  if (type === 'tokens.revoked') {
    const kind = principalTypes[object.type]
    return kind && { kind, id: object.id, beforeMs: atMs, untilMs }
  }
  // This node's verifier knows by the keyring; whoever checks elsewhere may hold the key for a while.
  if (type === 'keyring.signing_key_changed')
    return (data as { state: string }).state === 'retired'
      ? { kind: 'key', id: object.id, beforeMs: undefined, untilMs }
      : undefined
  if (type === 'tokens.principal_contained') {
    const { tokens } = data as { tokens: boolean }
    return tokens ? { kind: 'principal', id: object.id, beforeMs: atMs, untilMs } : undefined
  }
  if (type === 'authentication.session_ended')
    return { kind: 'session', id: (data as { session: string }).session, beforeMs: undefined, untilMs }
  if (type === 'authentication.sessions_ended') {
    if (object.type === 'Organization') return { kind: 'organization', id: object.id, beforeMs: atMs, untilMs }
    const { except } = data as { except?: string }
    return { kind: 'sessions', id: object.id, except, beforeMs: atMs, untilMs }
  }
  const kind = principalTypes[object.type]
  const change = /^directory\.[a-z]+_([a-z]+)$/.exec(type)?.[1]
  if (kind === undefined || change === undefined) return undefined
  if (barred.has(change)) return { kind, id: object.id, beforeMs: undefined, untilMs }
  return change === 'activated' ? { kind, id: object.id, beforeMs: atMs, untilMs, lifts: true } : undefined
}

/** Deletes what the event makes useless, so that nothing comes back with whoever comes back. */
async function clear(tx: Tx, event: FeedEvent, revocation: Revocation): Promise<void> {
  await putRevocation(tx, revocation)
  const { id } = revocation
  if (revocation.kind === 'session') await deleteArtifactsOf(tx, { sessionId: id })
  if (revocation.kind !== 'principal' || revocation.beforeMs !== undefined) return
  await deleteArtifactsOf(tx, event.object.type === 'User' ? { subject: id } : { clientId: id })
  if (!event.type.endsWith('_deleted')) return
  await deleteConsentsOf(tx, event.object.type === 'User' ? { userId: id } : { clientId: id })
}

/**
 * Follows the feed twice: once for the deployment, which writes revocations down and deletes what they kill, and once for this
 * node's memory, which knows of an event as soon as it is numbered.
 */
export async function followRevocations(deps: Deps): Promise<{ readonly position: number }> {
  const { storage, feed, revocations, clients } = deps
  const matters = (event: FeedEvent): Revocation | undefined => {
    const revocation = revocationOf(event)
    const lifts = revocation?.beforeMs !== undefined && event.type.endsWith('_activated')
    return lifts && !revocations.has(revocation.kind, revocation.id) ? undefined : revocation
  }
  const written = await feed.follow({
    name: 'tokens.revocation',
    after: 'stored',
    handle: async (events) => {
      for (const event of events) {
        // Whoever had the account may have let an application stay connected: that outlives sessions, but not a reset.
        if (event.type === 'authentication.factors_reset')
          await storage.transact((tx) => deleteArtifactsOf(tx, { subject: event.object.id }))
        const revocation =
          event.type.startsWith('tokens.') && !writtenHere.has(event.type) ? undefined : revocationOf(event)
        if (revocation !== undefined) await storage.transact((tx) => clear(tx, event, revocation))
      }
    },
  })
  // INVARIANT: every event up to here has its revocation in the table; every later one comes to the second follower.
  const begin = written.position
  for (const revocation of await listRevocations(storage.db)) revocations.add(revocation)
  return feed.follow({
    name: 'tokens.memory',
    after: begin,
    handle: async (events) => {
      for (const event of events) {
        const { type, id } = event.object
        if (type === 'Application' || type === 'Machine') clients.forget(id)
        if (type === 'Organization') clients.forget(undefined)
        const revocation = matters(event)
        if (revocation !== undefined) revocations.add(revocation)
      }
    },
  })
}
