import type { Selectable } from 'kysely'
import type { OrganizationId, UserId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'

/** A letter that is to be sent; what it says is sealed, for it may hold a link that signs somebody in. */
export interface Letter {
  readonly id: string
  readonly organizationId: OrganizationId
  /** Undefined for somebody who is no user yet. */
  readonly userId: UserId | undefined
  readonly kind: string
  readonly recipient: string
  readonly sealed: Uint8Array
  readonly attempts: number
  readonly nextAtMs: number
  readonly untilMs: number
}

interface OutboxTable {
  id: string
  organization_id: string
  user_id: string
  kind: string
  recipient: string
  sealed: Uint8Array
  attempts: number
  next_at: number
  until: number
}

declare module '#storage' {
  interface Tables {
    mail_outbox: OutboxTable
  }
}

export const outboxMigrations: readonly Migration[] = [
  {
    id: '0620_authentication_mail_outbox',
    sql: `create table mail_outbox (id text primary key, organization_id text not null, user_id text not null, kind text not null,
  recipient text not null, sealed bytea not null, attempts int8 not null, next_at int8 not null, until int8 not null);
create index mail_outbox_by_time on mail_outbox (next_at);
create index mail_outbox_by_user on mail_outbox (organization_id, user_id);`,
  },
]

const toLetter = (row: Selectable<OutboxTable>): Letter => ({
  id: row.id,
  organizationId: row.organization_id as OrganizationId,
  userId: row.user_id === '' ? undefined : (row.user_id as UserId),
  kind: row.kind,
  recipient: row.recipient,
  sealed: row.sealed,
  attempts: row.attempts,
  nextAtMs: row.next_at,
  untilMs: row.until,
})

export async function insertLetter(tx: Tx, letter: Letter): Promise<void> {
  await tx
    .insertInto('mail_outbox')
    .values({
      id: letter.id,
      organization_id: letter.organizationId,
      user_id: letter.userId ?? '',
      kind: letter.kind,
      recipient: letter.recipient,
      sealed: letter.sealed,
      attempts: letter.attempts,
      next_at: letter.nextAtMs,
      until: letter.untilMs,
    })
    .execute()
}

export async function listDueLetters(db: Reader, nowMs: number, limit: number): Promise<Letter[]> {
  const query = db.selectFrom('mail_outbox').selectAll().where('next_at', '<=', nowMs).orderBy('next_at').limit(limit)
  return (await query.execute()).map(toLetter)
}

/** @returns false when another node has taken it in the meantime */
export async function takeLetter(tx: Tx, { id, attempts }: Letter, nextAtMs: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('mail_outbox')
    .set({ attempts: attempts + 1, next_at: nextAtMs })
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

export async function deleteLetter(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('mail_outbox').where('id', '=', id).execute()
}
