import { findProvider, listActiveProviders, type Provider, type ProviderId } from '#directory'
import { record } from '#feed'
import { type Act, Fault, newId } from '#kernel'
import type { Reader, Tx } from '#storage'
import type { Person } from '../deps.ts'
import { readFactors } from '../factors/factors.ts'
import { needsSecondFactorOf, type Resident } from '../http/visitor.ts'
import type { Services } from '../services.ts'
import {
  deleteIdentity,
  findIdentity,
  hashSubject,
  type Identity,
  insertIdentity,
  listIdentities,
} from './identity.store.ts'
import type { Assertion } from './upstream.ts'
import '../events.ts'
import '../faults.ts'
import { purposes } from './registered.ts'

/** Identities that one person may have linked. */
export const identitiesMost = 10

/** What a provider knows somebody by. */
export interface KnownAs {
  readonly subject: string
  readonly email?: string | undefined
}

export interface LinkedIdentity {
  readonly id: string
  readonly provider: {
    readonly id: string
    readonly name: string
    readonly displayName: string
    readonly active: boolean
  }
  readonly knownAs: KnownAs
  readonly linkedAtMs: number
  readonly usedAtMs: number | undefined
}

export const knownAs = ({ subject, email }: Assertion): KnownAs => ({ subject, ...(email !== undefined && { email }) })

const about = (person: Person, atMs: number) => ({
  atMs,
  organizationId: person.organizationId,
  object: { type: 'User', id: person.id, name: person.username },
  touches: [],
})

/**
 * Links a subject at a provider to a person. INVARIANT: only for somebody who has proved in this transaction's request who they
 * are here and there, or whom the provider may bring: never because two addresses are alike.
 * @param by who wished it: `self`, `provisioning`, `approval`
 * @throws {Fault} `authentication.identity_taken`, `directory.too_many`
 */
export async function linkIdentity(
  tx: Tx,
  services: Pick<Services, 'clock' | 'entropy' | 'keyring'>,
  act: Act,
  person: Person,
  provider: Pick<Provider, 'id' | 'name' | 'issuer'>,
  known: KnownAs,
  by: 'self' | 'provisioning' | 'approval',
): Promise<void> {
  const { clock, entropy, keyring } = services
  const { organizationId } = person
  const subjectHash = hashSubject(provider.issuer, known.subject)
  const there = await findIdentity(tx, organizationId, subjectHash)
  if (there?.userId === person.id) return
  if ((await listIdentities(tx, organizationId, person.id)).length >= identitiesMost)
    throw new Fault('directory.too_many')
  const nowMs = clock.nowMs()
  const done = await insertIdentity(tx, {
    organizationId,
    id: newId('lid', { clock, entropy }),
    providerId: provider.id,
    userId: person.id,
    subjectHash,
    sealed: keyring.seal(purposes.identity, Buffer.from(JSON.stringify(known), 'utf8'), person.id),
    linkedAtMs: nowMs,
    usedAtMs: undefined,
    opens: by === 'approval',
  })
  if (!done) throw new Fault('authentication.identity_taken')
  await record(tx, act, {
    ...about(person, nowMs),
    type: 'authentication.identity_linked',
    data: { provider: provider.name, by, ...known },
  })
}

/** A person's linked identities, opened: for themselves and whoever may view them. */
export async function describeIdentities(
  db: Reader,
  { keyring }: Pick<Services, 'keyring'>,
  person: Pick<Person, 'id' | 'organizationId'>,
): Promise<LinkedIdentity[]> {
  const found: LinkedIdentity[] = []
  for (const it of await listIdentities(db, person.organizationId, person.id)) {
    const provider = await findProvider(db, it.providerId as ProviderId)
    if (provider === undefined) continue // deleted; what hangs on it follows
    const { id, name, displayName, state } = provider
    const text = Buffer.from(await keyring.unseal(purposes.identity, it.sealed, person.id)).toString('utf8')
    const { linkedAtMs, usedAtMs } = it
    found.push({
      id: it.id,
      provider: { id, name, displayName, active: state === 'active' },
      knownAs: JSON.parse(text) as KnownAs,
      linkedAtMs,
      usedAtMs,
    })
  }
  return found
}

/** @throws {Fault} `authentication.identity_unknown`, `authentication.last_factor` */
export async function unlinkOwnIdentity(
  services: Services,
  { person, act, session }: Resident,
  id: string,
): Promise<void> {
  const { storage, outbox, clock, url, providerSessions } = services
  await storage.transact(async (tx) => {
    const all = await listIdentities(tx, person.organizationId, person.id)
    const it = all.find((each) => each.id === id)
    if (it === undefined) throw new Fault('authentication.identity_unknown')
    if (!(await letsIn(tx, services, person, all.filter((each) => each !== it)))) throw new Fault('authentication.last_factor') // biome-ignore format: one line
    await removeIdentity(tx, services, act, person, it, 'self')
    const name = (await findProvider(tx, it.providerId as ProviderId))?.displayName ?? ''
    await outbox.put(tx, person, 'factor_changed', {
      what: { key: 'identityUnlinked', name },
      atMs: clock.nowMs(),
      url: `${url}/account`,
    })
    await providerSessions.end(tx, act, { ...it, identityId: it.id }, 'identity unlinked', session.id)
  })
}

/** Inside a transaction whose authorization is settled. */
export async function removeIdentity(
  tx: Tx,
  { clock }: Pick<Services, 'clock'>,
  act: Act,
  person: Person,
  it: Identity,
  by: 'self' | 'administrator',
): Promise<void> {
  if (!(await deleteIdentity(tx, it))) throw new Fault('authentication.identity_unknown')
  const provider = await findProvider(tx, it.providerId as ProviderId)
  await record(tx, act, {
    ...about(person, clock.nowMs()),
    type: 'authentication.identity_unlinked',
    data: { provider: provider?.name ?? it.providerId, by },
  })
}

/** Whether something is left to sign in by. */
async function letsIn(tx: Tx, services: Services, person: Person, left: readonly Identity[]): Promise<boolean> {
  const factors = await readFactors(tx, person.organizationId, person.id)
  if (factors.passkeys.length > 0) return true
  const second = needsSecondFactorOf(services, person)
  if (second && factors.totpEnrolledAtMs === undefined) return false
  if (factors.passwordSetAtMs !== undefined) return true
  const active = new Set((await listActiveProviders(tx, person.organizationId)).map(({ id }) => id as string))
  return left.some(({ providerId }) => active.has(providerId))
}
