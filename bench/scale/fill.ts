// A directory of a large company, written straight into the tables as an import that has long ended left it.
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'

export interface Size {
  readonly users: number
  readonly groups: number
  readonly grants: number
}

/** Whose it all is. */
export interface Company {
  readonly organizationId: string
  readonly applicationId: string
}

export const userId = (number: number) => `user_0${String(number).padStart(25, '0')}`

/** What the engines spell differently. */
const dialects = {
  sqlite: {
    digits: (number: string) => `printf('%025d', ${number})`,
    numbers: (count: number) =>
      `(with recursive numbered(n) as (select 0 union all select n + 1 from numbered where n + 1 < ${count}) select n from numbered)`,
  },
  postgres: {
    digits: (number: string) => `lpad((${number})::text, 25, '0')`,
    numbers: (count: number) => `generate_series(0, ${count - 1}) as numbered(n)`,
  },
} as const

/**
 * The statements that write it: users in two groups each, groups nested a tenth of their number upward, and viewers of documents that
 * the company's application need not know: half of the grants to people, half to groups.
 */
function statements(
  engine: keyof typeof dialects,
  { organizationId, applicationId }: Company,
  { users, groups, grants }: Size,
): string[] {
  const { digits, numbers } = dialects[engine]
  /** TypeIDs whose last digits are the number: `user_0000…42`. */
  const id = (prefix: string, number: string) => `'${prefix}_0' || ${digits(number)}`
  const now = Date.now()
  const organization = `'${organizationId}'`
  return [
    `insert into users (organization_id, id, username, email, email_key, display_name, attributes, state, created_at, updated_at, revision)
     select ${organization}, ${id('user', 'n')}, 'u' || n, 'u' || n || '@example.com', 'u' || n || '@example.com', 'Person ' || n,
       '{"department":"d' || (n % 20) || '"}', 'active', ${now}, ${now}, 1 from ${numbers(users)}`,
    `insert into groups (organization_id, id, name, display_name, created_at, updated_at, revision)
     select ${organization}, ${id('group', 'n')}, 'g' || n, 'Group ' || n, ${now}, ${now}, 1 from ${numbers(groups)}`,
    // `where true`: without it SQLite takes the conflict clause for a join's.
    ...[0, 1].map(
      (turn) => `insert into group_members (organization_id, group_id, member_id, member_type, added_at)
       select ${organization}, ${id('group', `(n * 7 + ${turn * 13}) % ${groups}`)}, ${id('user', 'n')}, 'User', ${now}
       from ${numbers(users)} where true on conflict do nothing`,
    ),
    `insert into group_members (organization_id, group_id, member_id, member_type, added_at)
     select ${organization}, ${id('group', 'n / 10')}, ${id('group', 'n')}, 'Group', ${now} from ${numbers(groups)} where n >= 10`,
    `insert into grants (organization_id, id, application_id, role, principal_type, principal_id, resource_type, resource_id,
       starts_at, ends_at, why, granted_by_type, granted_by_id, granted_by_name, created_at)
     select ${organization}, ${id('grant', 'n')}, '${applicationId}', 'viewer', case n % 2 when 0 then 'User' else 'Group' end,
       case n % 2 when 0 then ${id('user', `n % ${users}`)} else ${id('group', `n % ${groups}`)} end,
       'Document', 'doc' || (n % 500000), ${now}, null, 'bench', 'system', null, 'bench', ${now} from ${numbers(grants)}`,
  ]
}

export function fillSqlite(file: string, company: Company, size: Size): void {
  const database = new DatabaseSync(file)
  database.exec('pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -500000; begin')
  for (const statement of statements('sqlite', company, size)) database.exec(statement)
  database.exec('commit')
  database.close()
}

export async function fillPostgres(url: string, company: Company, size: Size): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('begin')
    for (const statement of statements('postgres', company, size)) await client.query(statement)
    await client.query('commit')
    // As the server's own housekeeping leaves tables that have stood for a while.
    await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
}
