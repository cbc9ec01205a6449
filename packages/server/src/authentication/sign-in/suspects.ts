import { createHash } from 'node:crypto'
import { record } from '#feed'
import type { Act } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'
import type { Person } from '../deps.ts'
import '../events.ts'
import { countAttempt, countedAttempts } from './throttle.store.ts'
import { networkOf } from './throttle.ts'

interface SuspectTable {
  scope_hash: string
  account_hash: string
  expires_at: number
}

declare module '#storage' {
  interface Tables {
    sign_in_suspects: SuspectTable
  }
}

export const suspectMigrations: readonly Migration[] = [
  {
    id: '0621_authentication_suspects',
    sql: `create table sign_in_suspects (scope_hash text not null, account_hash text not null, expires_at int8 not null,
  primary key (scope_hash, account_hash));
create index sign_in_suspects_by_expiry on sign_in_suspects (expires_at);`,
  },
]

/** How many different accounts must fail before it is said, each time twice as many: an attack is told, not each of its tries. */
export const suspectAfter = { network: 20, organization: 100 } as const
const windowMs = 15 * 60_000

const hash = (...parts: readonly string[]) => createHash('sha256').update(JSON.stringify(parts)).digest('hex')
/** 1, 2, 4, 8 … times `first`. */
const isDue = (count: number, first: number) => count % first === 0 && Number.isInteger(Math.log2(count / first))

export interface FailedTry {
  /** Who it was about: the user's id, or what was typed. Only its hash is kept. */
  readonly account: string
  readonly organizationId: Person['organizationId'] | undefined
  readonly address: string | undefined
  readonly nowMs: number
}

/**
 * Notes which accounts fail from one network (credential stuffing) and in one organization (password spraying), and says so
 * by an event at 20 and 100 different accounts within a quarter of an hour, and at each doubling. It slows and locks nobody:
 * an organization under attack must not be closed to its own people.
 * @returns the kinds that were said now
 */
export async function noteFailedTry(tx: Tx, act: Act, it: FailedTry): Promise<('stuffing' | 'spraying')[]> {
  const { organizationId, address, nowMs } = it
  const said: ('stuffing' | 'spraying')[] = []
  const about = {
    atMs: nowMs,
    organizationId,
    object: { type: 'Organization', id: organizationId ?? 'unknown' },
    outcome: 'failure' as const,
    touches: [],
  }
  if (address !== undefined) {
    const accounts = await countNew(tx, hash('network', networkOf(address)), it)
    if (isDue(accounts, suspectAfter.network)) {
      const data = { network: networkOf(address), accounts }
      await record(tx, act, { ...about, type: 'authentication.stuffing_suspected', data })
      said.push('stuffing')
    }
  }
  if (organizationId !== undefined) {
    const accounts = await countNew(tx, hash('organization', organizationId), it)
    if (isDue(accounts, suspectAfter.organization)) {
      await record(tx, act, { ...about, type: 'authentication.spraying_suspected', data: { accounts } })
      said.push('spraying')
    }
  }
  return said
}

/** How many different accounts of a scope have failed, this one included; 0 when it is not the first time for this one. */
async function countNew(tx: Tx, scope: string, { account, nowMs }: FailedTry): Promise<number> {
  const expiresAtMs = nowMs + windowMs
  const account_hash = hash(scope, account)
  await tx
    .deleteFrom('sign_in_suspects')
    .where('scope_hash', '=', scope)
    .where('account_hash', '=', account_hash)
    .where('expires_at', '<=', nowMs)
    .execute()
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('sign_in_suspects')
    .values({ scope_hash: scope, account_hash, expires_at: expiresAtMs })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow()
  if (numInsertedOrUpdatedRows !== 1n) return 0
  return countAttempt(tx, hash('suspects', scope), nowMs, expiresAtMs)
}

/** Whether a try for this person failed within the last quarter of an hour, wherever it came from. */
export async function hasFailedLately(
  db: Reader,
  organizationId: string,
  userId: string,
  nowMs: number,
): Promise<boolean> {
  const scope = hash('organization', organizationId)
  const row = await db
    .selectFrom('sign_in_suspects')
    .select('account_hash')
    .where('scope_hash', '=', scope)
    .where('account_hash', '=', hash(scope, userId))
    .where('expires_at', '>', nowMs)
    .executeTakeFirst()
  return row !== undefined
}

/** Whether so many different accounts of the organization failed lately that it was said to be spraying. */
export const isSprayed = async (db: Reader, organizationId: string, nowMs: number): Promise<boolean> =>
  (await countedAttempts(db, hash('suspects', hash('organization', organizationId)), nowMs)) >=
  suspectAfter.organization

/** Whether so many different accounts failed from the address's network lately that it was said to be stuffing. */
export async function isNetworkSuspected(db: Reader, address: string, nowMs: number): Promise<boolean> {
  const key = hash('suspects', hash('network', networkOf(address)))
  return (await countedAttempts(db, key, nowMs)) >= suspectAfter.network
}

export async function deleteExpiredSuspects(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('sign_in_suspects').where('expires_at', '<=', nowMs).execute()
}
