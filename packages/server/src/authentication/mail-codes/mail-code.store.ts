import { sql } from 'kysely'
import type { OrganizationId, UserId } from '#kernel'
import type { Migration, Tx } from '#storage'

interface MailCodeTable {
  attempt_key: string
  organization_id: string | null
  user_id: string | null
  code_hash: string
  token_hash: string
  tries: number
  expires_at: number
}

declare module '#storage' {
  interface Tables {
    mail_codes: MailCodeTable
  }
}

export const mailCodeMigrations: readonly Migration[] = [
  {
    id: '0640_authentication_mail_codes',
    sql: `create table mail_codes (attempt_key text primary key, organization_id text, user_id text, code_hash text not null,
  token_hash text not null, tries int8 not null, expires_at int8 not null);
create index mail_codes_by_expiry on mail_codes (expires_at);
create table verified_emails (organization_id text not null, user_id text not null, email text not null, verified_at int8 not null,
  primary key (organization_id, user_id));
alter table one_time_links add column mailed_to text;`,
  },
  // The directory keeps it since: `verified_emails` is read by older versions beside this one, and by nobody else.
  {
    id: '0642_authentication_verified_emails',
    sql: `update users set email_verified = 1 where exists (select 1 from verified_emails known
  where known.organization_id = users.organization_id and known.user_id = users.id and known.email = users.email);`,
  },
]

/** A code under way, bound to the browser of an attempt. INVARIANT: its hashes are keyed by that browser's cookie. */
export interface MailCode {
  readonly attemptKey: string
  readonly organizationId: OrganizationId | undefined
  /** Undefined where no letter was sent: nothing will ever be right. */
  readonly userId: UserId | undefined
  readonly codeHash: string
  readonly tokenHash: string
  readonly expiresAtMs: number
}

/** Puts a code in the place of any that the attempt had. */
export async function saveMailCode(tx: Tx, code: MailCode): Promise<void> {
  const row = {
    organization_id: code.organizationId ?? null,
    user_id: code.userId ?? null,
    code_hash: code.codeHash,
    token_hash: code.tokenHash,
    tries: 0,
    expires_at: code.expiresAtMs,
  }
  await tx
    .insertInto('mail_codes')
    .values({ attempt_key: code.attemptKey, ...row })
    .onConflict((conflict) => conflict.column('attempt_key').doUpdateSet(row))
    .execute()
}

/** Counts a try and answers with the code, while there are tries and time left. INVARIANT: counted before it is compared. */
export async function tryMailCode(
  tx: Tx,
  attemptKey: string,
  nowMs: number,
  triesMost: number,
): Promise<MailCode | undefined> {
  const row = await tx
    .updateTable('mail_codes')
    .set({ tries: sql<number>`tries + 1` })
    .where('attempt_key', '=', attemptKey)
    .where('tries', '<', triesMost)
    .where('expires_at', '>', nowMs)
    .returningAll()
    .executeTakeFirst()
  return (
    row && {
      attemptKey: row.attempt_key,
      organizationId: (row.organization_id ?? undefined) as OrganizationId | undefined,
      userId: (row.user_id ?? undefined) as UserId | undefined,
      codeHash: row.code_hash,
      tokenHash: row.token_hash,
      expiresAtMs: row.expires_at,
    }
  )
}

/** Uses a code up; false when it was used. */
export async function takeMailCode(tx: Tx, { attemptKey, codeHash }: MailCode): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('mail_codes')
    .where('attempt_key', '=', attemptKey)
    .where('code_hash', '=', codeHash)
    .executeTakeFirstOrThrow()
  return numDeletedRows === 1n
}

export async function deleteExpiredMailCodes(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('mail_codes').where('expires_at', '<=', nowMs).execute()
}
