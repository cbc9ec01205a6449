import type { Selectable } from 'kysely'
import type { OrganizationId, UserId } from '#kernel'
import { type Reader, repeatedChange, repeatedRead, type Tx } from '#storage'
import type { LinkPurpose } from '../links/link.store.ts'
import { type Acr, parseAcr } from '../sessions/session.ts'

/**
 * A sign-in or an enrolment under way in one browser, known by the hash of its pre-session cookie. INVARIANT: what has been
 * proved stands here, never in the browser.
 */
export interface Attempt {
  readonly keyHash: string
  /** Public: forms carry it, so that a page of a former attempt is not taken for this one. */
  readonly id: string
  readonly purpose: 'sign_in' | 'account' | LinkPurpose
  /** What is asked next. */
  readonly stage: 'password' | 'federated' | 'factor' | 'profile' | 'enrol' | 'recover'
  readonly organizationId: OrganizationId | undefined
  /** Undefined when nobody has the name that was typed: the pages do not tell. */
  readonly userId: UserId | undefined
  readonly login: string
  readonly returnTo: string
  /** Methods proved so far (RFC 8176). */
  readonly amr: readonly string[]
  /** The same as sign-in policies name them. */
  readonly factors: readonly string[]
  /** Of a second step: the factors that policies ask for, one of which is to be shown; empty for any. */
  readonly needs: readonly string[]
  /** The strength that whoever sent the person here wants at least. */
  readonly acr: Acr | undefined
  readonly challenge: string | undefined
  /** What an enrolment has gathered, sealed. */
  readonly pending: Uint8Array | undefined
  readonly linkHash: string | undefined
  /** The provider that says who it is. */
  readonly federation?: Federation | undefined
  readonly failures: number
  readonly expiresAtMs: number
}

/** What a session that comes by a provider is known by when the provider, or somebody here, ends it. */
export interface Federation {
  readonly providerId: string
  /** Its name. */
  readonly provider: string
  readonly identityId: string
  /** When the provider last asked the person; a session of its own says no more than that. */
  readonly askedAtMs: number
  /** Of the session there (OpenID Connect Back-Channel Logout §2.1), hashed. */
  readonly sidHash?: string | undefined
}

interface AttemptTable {
  key_hash: string
  id: string
  purpose: string
  stage: string
  organization_id: string | null
  user_id: string | null
  login: string
  return_to: string
  amr: string
  /** JSON; null in what an older version writes. */
  factors: string | null
  needs: string | null
  acr: string | null
  challenge: string | null
  pending: Uint8Array | null
  link_hash: string | null
  /** JSON. */
  federation: string | null
  failures: number
  expires_at: number
}

declare module '#storage' {
  interface Tables {
    sign_in_attempts: AttemptTable
  }
}

const toAttempt = (row: Selectable<AttemptTable>): Attempt => ({
  keyHash: row.key_hash,
  id: row.id,
  purpose: row.purpose as Attempt['purpose'],
  stage: row.stage as Attempt['stage'],
  organizationId: (row.organization_id ?? undefined) as OrganizationId | undefined,
  userId: (row.user_id ?? undefined) as UserId | undefined,
  login: row.login,
  returnTo: row.return_to,
  amr: JSON.parse(row.amr) as string[],
  factors: JSON.parse(row.factors ?? '[]') as string[],
  needs: JSON.parse(row.needs ?? '[]') as string[],
  acr: parseAcr(row.acr),
  challenge: row.challenge ?? undefined,
  pending: row.pending ?? undefined,
  linkHash: row.link_hash ?? undefined,
  ...(row.federation !== null && { federation: JSON.parse(row.federation) as Federation }),
  failures: row.failures,
  expiresAtMs: row.expires_at,
})

const toRow = (attempt: Attempt): AttemptTable => ({
  key_hash: attempt.keyHash,
  id: attempt.id,
  purpose: attempt.purpose,
  stage: attempt.stage,
  organization_id: attempt.organizationId ?? null,
  user_id: attempt.userId ?? null,
  login: attempt.login,
  return_to: attempt.returnTo,
  amr: JSON.stringify(attempt.amr),
  factors: JSON.stringify(attempt.factors),
  needs: JSON.stringify(attempt.needs),
  acr: attempt.acr ?? null,
  challenge: attempt.challenge ?? null,
  pending: attempt.pending ?? null,
  link_hash: attempt.linkHash ?? null,
  federation: attempt.federation === undefined ? null : JSON.stringify(attempt.federation),
  failures: attempt.failures,
  expires_at: attempt.expiresAtMs,
})

/** For statements that are compiled once: which members there are, and in which order. */
const nobodys: Attempt = {
  ...{ keyHash: '', id: '', purpose: 'sign_in', stage: 'password', organizationId: undefined, userId: undefined },
  ...{ login: '', returnTo: '', amr: [], factors: [], needs: [], acr: undefined, challenge: undefined },
  ...{ pending: undefined, linkHash: undefined, failures: 0, expiresAtMs: 0 },
}

export async function findAttempt(db: Reader, keyHash: string, nowMs: number): Promise<Attempt | undefined> {
  const [row] = await selectAttempt(db, keyHash, nowMs)
  return row && toAttempt(row)
}
const selectAttempt = repeatedRead((db) =>
  db.selectFrom('sign_in_attempts').selectAll().where('key_hash', '=', '').where('expires_at', '>', 0),
)

/** Puts an attempt in the place of any that the browser had. */
export async function saveAttempt(tx: Tx, attempt: Attempt): Promise<void> {
  const { key_hash, ...rest } = toRow(attempt)
  await upsertAttempt(tx, key_hash, ...Object.values(rest), ...Object.values(rest))
}
const upsertAttempt = repeatedChange((tx: Tx) => {
  const { key_hash, ...rest } = toRow(nobodys)
  return tx
    .insertInto('sign_in_attempts')
    .values({ key_hash, ...rest })
    .onConflict((conflict) => conflict.column('key_hash').doUpdateSet(rest))
})

/** Begins an attempt where the browser has none that still stands; false when another request was faster: its attempt stays. */
export async function saveFirstAttempt(tx: Tx, attempt: Attempt, nowMs: number): Promise<boolean> {
  const { key_hash, ...rest } = toRow(attempt)
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('sign_in_attempts')
    .values({ key_hash, ...rest })
    .onConflict((conflict) =>
      conflict.column('key_hash').doUpdateSet(rest).where('sign_in_attempts.expires_at', '<=', nowMs),
    )
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

/** Changes an attempt that still stands where `attempt` was read; false when another request was faster. */
export async function advanceAttempt(tx: Tx, attempt: Attempt, change: Partial<Attempt>): Promise<boolean> {
  const { key_hash: _, ...rest } = toRow({ ...attempt, ...change })
  return (await updateAttempt(tx, ...Object.values(rest), attempt.keyHash, attempt.id, attempt.stage)) === 1
}
const updateAttempt = repeatedChange((tx: Tx) => {
  const { key_hash, ...rest } = toRow(nobodys)
  return tx
    .updateTable('sign_in_attempts')
    .set(rest)
    .where('key_hash', '=', key_hash)
    .where('id', '=', '')
    .where('stage', '=', '')
})

/** Sets the challenge, and nothing else, of an attempt that still stands where `attempt` was read; false when it does not. */
export async function setChallenge(tx: Tx, attempt: Attempt, challenge: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('sign_in_attempts')
    .set({ challenge })
    .where('key_hash', '=', attempt.keyHash)
    .where('id', '=', attempt.id)
    .where('stage', '=', attempt.stage)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

/** Uses a challenge up: only one answer to it is ever looked at (WebAuthn §13.4.3). */
export async function takeChallenge(tx: Tx, attempt: Attempt): Promise<boolean> {
  if (attempt.challenge === undefined) return false
  return (await clearChallenge(tx, null, attempt.keyHash, attempt.challenge)) === 1
}
const clearChallenge = repeatedChange((tx: Tx) =>
  tx.updateTable('sign_in_attempts').set({ challenge: null }).where('key_hash', '=', '').where('challenge', '=', ''),
)

/** Ends an attempt; false when it had ended: two answers at once make one session. */
export async function deleteAttempt(tx: Tx, attempt: Attempt): Promise<boolean> {
  return (await removeAttempt(tx, attempt.keyHash, attempt.id)) === 1
}
const removeAttempt = repeatedChange((tx: Tx) =>
  tx.deleteFrom('sign_in_attempts').where('key_hash', '=', '').where('id', '=', ''),
)

/**
 * Ends what sign-ins of a person have proved so far: with a password that is gone, or before there was a second factor, they
 * must not go on.
 */
export async function deleteProvedAttempts(tx: Tx, organization: OrganizationId, user: UserId): Promise<void> {
  await tx
    .deleteFrom('sign_in_attempts')
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('purpose', '=', 'sign_in')
    .where('stage', 'in', ['factor', 'enrol'])
    .execute()
}

export async function deleteExpiredAttempts(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('sign_in_attempts').where('expires_at', '<=', nowMs).execute()
}
