import { record } from '#feed'
import { type Act, type Clock, type Entropy, Fault, type OrganizationId, randomToken } from '#kernel'
import type { Storage, Tx } from '#storage'
import type { Person } from '../deps.ts'
import '../events.ts'
import '../faults.ts'
import { hashToken } from '../sessions/session.ts'
import {
  deleteLinksOf,
  deleteSetupLinks,
  findLink,
  insertLink,
  type LinkPurpose,
  type OneTimeLink,
} from './link.store.ts'

const hourMs = 3_600_000
export const linkLifetimeMs: Readonly<Record<LinkPurpose, number>> = {
  setup: 24 * hourMs,
  invitation: 7 * 24 * hourMs,
  reset: 24 * hourMs,
  recovery: hourMs,
}

export interface MadeLink {
  /** The whole address; its fragment is the token, which is kept nowhere. */
  readonly url: string
  readonly token: string
  readonly expiresAtMs: number
}

interface Deps {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly url: string
}

/** A link for a user to enrol by, in place of any former one. */
export async function makeUserLink(
  tx: Tx,
  deps: Deps,
  act: Act,
  person: Person,
  purpose: 'invitation' | 'reset',
  mailedTo?: string,
): Promise<MadeLink> {
  await deleteLinksOf(tx, person.organizationId, person.id)
  return insertUserLink(tx, deps, act, person, purpose, mailedTo)
}

/** A link that replaces a password. Others stay good: whoever asks again must not be able to void what was sent. */
export const makeRecoveryLink = (tx: Tx, deps: Deps, act: Act, person: Person): Promise<MadeLink> =>
  insertUserLink(tx, deps, act, person, 'recovery', person.email)

async function insertUserLink(
  tx: Tx,
  deps: Deps,
  act: Act,
  person: Person,
  purpose: Exclude<LinkPurpose, 'setup'>,
  mailedTo?: string,
): Promise<MadeLink> {
  const { made, link, keyHash } = newLink(deps, purpose, person.organizationId, person)
  await insertLink(tx, keyHash, { ...link, mailedTo })
  await record(tx, act, {
    type: 'authentication.link_made',
    atMs: deps.clock.nowMs(),
    organizationId: person.organizationId,
    object: { type: 'User', id: person.id, name: person.username },
    data: { purpose, expiresAtMs: link.expiresAtMs },
    touches: [],
  })
  return made
}

/** The link for the first administrator, in place of any former one. */
export async function makeSetupLink(tx: Tx, deps: Deps, act: Act, home: OrganizationId): Promise<MadeLink> {
  await deleteSetupLinks(tx)
  const { made, link, keyHash } = newLink(deps, 'setup', home, undefined)
  await insertLink(tx, keyHash, link)
  await record(tx, act, {
    type: 'authentication.link_made',
    atMs: deps.clock.nowMs(),
    organizationId: home,
    object: { type: 'Organization', id: home },
    data: { purpose: 'setup', expiresAtMs: link.expiresAtMs },
    touches: [],
  })
  return made
}

function newLink(deps: Deps, purpose: LinkPurpose, organizationId: OrganizationId, person: Person | undefined) {
  const token = randomToken(deps.entropy)
  const expiresAtMs = deps.clock.nowMs() + linkLifetimeMs[purpose]
  const link: OneTimeLink = { purpose, organizationId, userId: person?.id, expiresAtMs }
  return {
    keyHash: hashToken(token),
    link,
    made: { url: `${deps.url}/${purpose}#${token}`, token, expiresAtMs },
  }
}

/** @throws {Fault} `authentication.link_invalid` for one that is unknown, used, voided or too old: all alike */
export async function requireLink(
  { storage, clock }: { storage: Storage; clock: Clock },
  token: string,
): Promise<OneTimeLink & { keyHash: string }> {
  const keyHash = hashToken(token)
  const link = await findLink(storage.db, keyHash, clock.nowMs())
  if (link === undefined) throw new Fault('authentication.link_invalid')
  return { ...link, keyHash }
}
