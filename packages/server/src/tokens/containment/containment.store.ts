import type { Migration, Reader, Tx } from '#storage'

interface ContainmentTable {
  principal_id: string
  until: number
}

declare module '#storage' {
  interface Tables {
    token_containments: ContainmentTable
  }
}

/** Suspensions that end by themselves. */
export const containmentMigrations: readonly Migration[] = [
  {
    id: '0750_tokens_containments',
    sql: `create table token_containments (principal_id text primary key, until int8 not null);
create index token_containments_by_end on token_containments (until);`,
  },
]

export async function putContainment(tx: Tx, principalId: string, untilMs: number | undefined): Promise<void> {
  await tx.deleteFrom('token_containments').where('principal_id', '=', principalId).execute()
  if (untilMs !== undefined)
    await tx.insertInto('token_containments').values({ principal_id: principalId, until: untilMs }).execute()
}

export async function listEndedContainments(db: Reader, nowMs: number): Promise<string[]> {
  const rows = await db
    .selectFrom('token_containments')
    .select('principal_id')
    .where('until', '<=', nowMs)
    .orderBy('until')
    .limit(100)
    .execute()
  return rows.map((row) => row.principal_id)
}

/** @returns false when another node was first, or it lasts longer now */
export async function takeContainment(tx: Tx, principalId: string, nowMs: number): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('token_containments')
    .where('principal_id', '=', principalId)
    .where('until', '<=', nowMs)
    .executeTakeFirstOrThrow()
  return numDeletedRows === 1n
}
