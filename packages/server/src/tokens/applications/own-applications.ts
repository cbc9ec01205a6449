import { record } from '#feed'
import type { Act, Clock } from '#kernel'
import type { Storage } from '#storage'
import { listGrantsOfPerson } from '../artifacts/artifact.store.ts'
import { deleteConsent, listConsents } from '../consent/consent.store.ts'
import '../events.ts'
import type { ClientCache } from '../oidc/clients.ts'
import { endGrant } from '../oidc/revoke.ts'
import type { Person } from '../ports.ts'
import type { Revocation } from '../revocation/revocation.store.ts'
import type { RevocationSet } from '../revocation/revocation-set.ts'

export interface OwnApplicationsDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly clients: ClientCache
  readonly revocations: RevocationSet
}

/** An application that acts for a person, or may. */
export interface OwnApplication {
  readonly clientId: string
  readonly name: string
  /** What the person was asked for and allowed; empty for one that asks nothing. */
  readonly scopes: readonly string[]
  readonly allowedAtMs: number | undefined
  /** Whether it holds tokens now. */
  readonly connected: boolean
}

/** What acts for a person: what they allowed, and what holds tokens of theirs. By name. */
export async function listOwnApplications(deps: OwnApplicationsDeps, userId: string): Promise<OwnApplication[]> {
  const { storage, clock, clients } = deps
  const consents = new Map((await listConsents(storage.db, userId)).map((each) => [each.clientId, each]))
  const grants = await listGrantsOfPerson(storage.db, userId, clock.nowMs())
  const connected = new Set(grants.map(({ clientId }) => clientId))
  const found = await Promise.all(
    [...new Set([...consents.keys(), ...connected])].map(async (clientId) => ({
      clientId,
      name: (await clients.find(clientId))?.name ?? clientId,
      scopes: consents.get(clientId)?.scopes ?? [],
      allowedAtMs: consents.get(clientId)?.givenAtMs,
      connected: connected.has(clientId),
    })),
  )
  return found.sort((one, other) => (one.name < other.name ? -1 : 1))
}

/**
 * Takes back what a person allowed an application: every grant of theirs to it ends with all that was issued from it, refresh
 * chains included, and it has to ask again.
 */
export async function withdrawApplication(
  deps: OwnApplicationsDeps,
  act: Act,
  person: Person,
  clientId: string,
): Promise<void> {
  const { storage, clock, revocations } = deps
  const atMs = clock.nowMs()
  const made = await storage.transact(async (tx) => {
    const ended: Revocation[] = []
    const allowed = await deleteConsent(tx, person.id, clientId)
    for (const grant of await listGrantsOfPerson(tx, person.id, atMs, clientId))
      ended.push((await endGrant(tx, atMs, act, { ...grant, subject: person.id }, 'withdrawn')).revocation)
    // Of an application that has nothing of theirs there is nothing to say: its name would be anybody's text on the record.
    if (!allowed && ended.length === 0) return ended
    await record(tx, act, {
      type: 'tokens.consent_withdrawn',
      atMs,
      organizationId: person.organizationId,
      object: { type: 'User', id: person.id, name: person.username },
      touches: [],
      data: { clientId, ended: ended.length },
    })
    return ended
  })
  for (const revocation of made) revocations.add(revocation)
}
