// A directory of a large company, written straight into the tables as an import that has long ended left it.
import { DatabaseSync } from 'node:sqlite'

export interface Size {
  readonly users: number
  readonly groups: number
  readonly grants: number
}

/** TypeIDs whose last digits are the number: `user_0000…42`. */
const id = (prefix: string, number: string) => `'${prefix}_0' || printf('%025d', ${number})`
export const userId = (number: number) => `user_0${String(number).padStart(25, '0')}`

/**
 * Users in two groups each, groups nested a tenth of their number upward, and viewers of documents that the company's application
 * need not know: half of the grants to people, half to groups.
 */
export function fill(
  file: string,
  organizationId: string,
  applicationId: string,
  { users, groups, grants }: Size,
): void {
  const database = new DatabaseSync(file)
  const now = Date.now()
  const rows = (count: number, insert: string) =>
    database.exec(
      `with recursive row(n) as (select 0 union all select n + 1 from row where n + 1 < ${count}) ${insert}`,
    )
  database.exec('pragma journal_mode = wal; pragma synchronous = off; begin')
  const organization = `'${organizationId}'`
  // SQLite wants the table expression before `insert`, and `select … from row` after it.
  rows(
    users,
    `insert into users (organization_id, id, username, email, email_key, display_name, attributes, state, created_at, updated_at, revision)
     select ${organization}, ${id('user', 'n')}, 'u' || n, 'u' || n || '@example.com', 'u' || n || '@example.com', 'Person ' || n,
       '{"department":"d' || (n % 20) || '"}', 'active', ${now}, ${now}, 1 from row`,
  )
  rows(
    groups,
    `insert into groups (organization_id, id, name, display_name, created_at, updated_at, revision)
     select ${organization}, ${id('group', 'n')}, 'g' || n, 'Group ' || n, ${now}, ${now}, 1 from row`,
  )
  for (const turn of [0, 1])
    rows(
      users,
      `insert or ignore into group_members (organization_id, group_id, member_id, member_type, added_at)
       select ${organization}, ${id('group', `((n * 7 + ${turn * 13}) % ${groups})`)}, ${id('user', 'n')}, 'User', ${now} from row`,
    )
  rows(
    groups,
    `insert into group_members (organization_id, group_id, member_id, member_type, added_at)
     select ${organization}, ${id('group', '(n / 10)')}, ${id('group', 'n')}, 'Group', ${now} from row where n >= 10`,
  )
  rows(
    grants,
    `insert into grants (organization_id, id, application_id, role, principal_type, principal_id, resource_type, resource_id,
       starts_at, ends_at, why, granted_by_type, granted_by_id, granted_by_name, created_at)
     select ${organization}, ${id('grant', 'n')}, '${applicationId}', 'viewer', case n % 2 when 0 then 'User' else 'Group' end,
       case n % 2 when 0 then ${id('user', `(n % ${users})`)} else ${id('group', `(n % ${groups})`)} end,
       'Document', 'doc' || (n % 500000), ${now}, null, 'bench', 'system', null, 'bench', ${now} from row`,
  )
  database.exec('commit')
  database.close()
}
