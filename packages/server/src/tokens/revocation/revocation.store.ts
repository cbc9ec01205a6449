import type { Migration, Reader, Tx } from '#storage'

/**
 * What no longer counts although its end has not come. `until` is when nothing can be left that it kills; `before` limits it to
 * what was issued up to then (undefined: everything, until it is lifted).
 */
export interface Revocation {
  readonly kind: 'token' | 'grant' | 'session' | 'sessions' | 'principal' | 'organization' | 'key'
  /** A token's hash, a signing key's id, or the public id; for `sessions` the user's, whose tokens with a session it is about. */
  readonly id: string
  /** With `sessions`: the one that goes on. */
  readonly except?: string | undefined
  readonly beforeMs: number | undefined
  readonly untilMs: number
  /** Whether it lets somebody in again who was barred; any other leaves them barred. */
  readonly lifts?: boolean
  /** Whose it is, where that is known at once: only applications of that organization hear of it. */
  readonly organizationId?: string | undefined
  /** Of a token or grant: whom it is about, whose organizations hear of it. */
  readonly principals?: readonly string[] | undefined
}

interface RevocationTable {
  kind: string
  id: string
  except_session: string | null
  before: number | null
  until: number
  organization_id: string | null
  principals: string | null
}

declare module '#storage' {
  interface Tables {
    token_revocations: RevocationTable
  }
}

export const revocationMigrations: readonly Migration[] = [
  {
    id: '0701_tokens_revocations',
    sql: `create table token_revocations (kind text not null, id text not null, except_session text, before int8, until int8 not null, primary key (kind, id));
create index token_revocations_by_end on token_revocations (until);`,
  },
  {
    id: '0765_tokens_revocation_owners',
    sql: `alter table token_revocations add column organization_id text;
alter table token_revocations add column principals text;`,
  },
]

/** Adds a revocation, or changes its limit. Whoever is barred stays so, unless it lifts that. */
export async function putRevocation(tx: Tx, revocation: Revocation): Promise<void> {
  const change = {
    except_session: revocation.except ?? null,
    before: revocation.beforeMs ?? null,
    until: revocation.untilMs,
    organization_id: revocation.organizationId ?? null,
    principals: revocation.principals?.join(' ') ?? null,
  }
  await tx
    .insertInto('token_revocations')
    .values({ kind: revocation.kind, id: revocation.id, ...change })
    .onConflict((conflict) => {
      const updating = conflict.columns(['kind', 'id']).doUpdateSet(change)
      const narrows = revocation.beforeMs !== undefined && revocation.lifts !== true
      return narrows ? updating.where('token_revocations.before', 'is not', null) : updating
    })
    .execute()
}

export async function listRevocations(db: Reader): Promise<Revocation[]> {
  const rows = await db.selectFrom('token_revocations').selectAll().execute()
  return rows.map((row) => ({
    kind: row.kind as Revocation['kind'],
    id: row.id,
    except: row.except_session ?? undefined,
    beforeMs: row.before ?? undefined,
    untilMs: row.until,
    organizationId: row.organization_id ?? undefined,
    principals: row.principals?.split(' '),
  }))
}

export async function deleteEndedRevocations(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('token_revocations').where('until', '<', nowMs).execute()
}
