import type { OrganizationId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'
import { isLanguage, type Language } from '../languages/languages.ts'

interface RegistrationTable {
  organization_id: string
  id: string
  username: string
  display_name: string
  email: string
  email_key: string
  language: string
  asked_at: number
}

declare module '#storage' {
  interface Tables {
    registrations: RegistrationTable
  }
}

export const registrationMigrations: readonly Migration[] = [
  {
    id: '0642_authentication_registrations',
    sql: `create table registrations (organization_id text not null, id text not null, username text not null, display_name text not null,
  email text not null, email_key text not null, language text not null, asked_at int8 not null, primary key (organization_id, id));
create unique index registrations_by_email on registrations (organization_id, email_key);
create unique index registrations_by_username on registrations (organization_id, username);`,
  },
]

/** An account that somebody with a confirmed address asked for, and that an administrator has not decided about. */
export interface Registration {
  readonly organizationId: OrganizationId
  readonly id: string
  readonly username: string
  readonly name: string
  readonly email: string
  readonly language: Language
  readonly askedAtMs: number
}

const toRegistration = (row: RegistrationTable): Registration => ({
  organizationId: row.organization_id as OrganizationId,
  id: row.id,
  username: row.username,
  name: row.display_name,
  email: row.email,
  language: isLanguage(row.language) ? row.language : 'en',
  askedAtMs: row.asked_at,
})

const keyOf = (email: string) => email.normalize('NFKC').toLowerCase()

/** @returns false when the address or the user name waits already */
export async function insertRegistration(tx: Tx, it: Registration): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('registrations')
    .values({
      organization_id: it.organizationId,
      id: it.id,
      username: it.username,
      display_name: it.name,
      email: it.email,
      email_key: keyOf(it.email),
      language: it.language,
      asked_at: it.askedAtMs,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

export async function listRegistrations(
  db: Reader,
  organization: OrganizationId,
  after: string,
  limit: number,
): Promise<Registration[]> {
  const rows = await db
    .selectFrom('registrations')
    .selectAll()
    .where('organization_id', '=', organization)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(toRegistration)
}

export async function countRegistrations(db: Reader, organization: OrganizationId): Promise<number> {
  const { count } = await db
    .selectFrom('registrations')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('organization_id', '=', organization)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Takes one out to decide about it; undefined when there is none, or another has. */
export async function takeRegistration(
  tx: Tx,
  organization: OrganizationId,
  id: string,
): Promise<Registration | undefined> {
  const rows = await tx
    .deleteFrom('registrations')
    .where('organization_id', '=', organization)
    .where('id', '=', id)
    .returningAll()
    .execute()
  return rows[0] && toRegistration(rows[0])
}

export async function deleteOldRegistrations(tx: Tx, beforeMs: number): Promise<void> {
  await tx.deleteFrom('registrations').where('asked_at', '<=', beforeMs).execute()
}
