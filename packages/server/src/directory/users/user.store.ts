import type { Selectable } from 'kysely'
import { Fault, type OrganizationId, type UserId } from '#kernel'
import { type Migration, type Reader, repeatedRead, type Tx } from '#storage'
import { claimNames, findNamed, releaseNames, setNames, type WantedName } from '../names.store.ts'
import { emailKey } from '../values/email.ts'
import { onPage, type PlacePage, pageOverOrganizations } from '../values/organization-pages.ts'
import { usernameKey, usernameLooks } from '../values/username.ts'
import type { User, UserState } from './user.ts'
import '../faults.ts'

interface UserTable {
  organization_id: string
  id: string
  username: string
  email: string | null
  /** What e-mail addresses are compared by. */
  email_key: string | null
  /** 0 or 1. */
  email_verified: number
  display_name: string | null
  attributes: string
  state: string
  created_at: number
  updated_at: number
  revision: number
}

declare module '#storage' {
  interface Tables {
    users: UserTable
  }
}

/** Rows of one statement: parameters stay far below what the engines take. */
const rowsMost = 500

// Ids are unique in the deployment: whoever holds a session or a token knows the id alone.
export const userMigrations: readonly Migration[] = [
  {
    id: '0402_directory_users',
    sql: `create table users (organization_id text not null references organizations (id), id text not null,
  username text not null, email text, email_key text, display_name text, attributes text not null, state text not null,
  created_at int8 not null, updated_at int8 not null, revision int8 not null, primary key (organization_id, id));
create unique index users_by_id on users (id);
create index users_by_username on users (organization_id, username);
create index users_by_email on users (organization_id, email_key);`,
  },
  {
    id: '0411_directory_verified_emails',
    sql: 'alter table users add column email_verified int8 not null default 0;',
  },
]

/** Tombstones too. */
export async function findUser(db: Reader, id: UserId): Promise<User | undefined> {
  const [row] = await selectUser(db, id)
  return row && toUser(row)
}
const selectUser = repeatedRead((db) =>
  db
    .selectFrom('users')
    .selectAll()
    .where('id', '=', '' as UserId),
)

/** Deleted ones are unknown. @throws {Fault} `directory.user_unknown` */
export async function requireUser(db: Reader, id: UserId): Promise<User> {
  const found = await findUser(db, id)
  if (found === undefined || found.state === 'deleted') throw new Fault('directory.user_unknown')
  return found
}

/** The user of an organization whose name or e-mail address `login` is, whatever the state (but never a tombstone). */
export async function findUserByLogin(
  db: Reader,
  organizationId: OrganizationId,
  login: string,
): Promise<User | undefined> {
  if (login.length > 254 || !login.isWellFormed()) return undefined
  const keys = [...new Set([usernameKey(login), emailKey(login)])]
  for (const key of keys) {
    const id = await findNamed(db, organizationId, 'login', key)
    if (id !== undefined) return findUser(db, id as UserId)
  }
  return undefined
}

/** Those of `ids` that there are, tombstones too. */
export async function findUsers(db: Reader, ids: readonly UserId[]): Promise<User[]> {
  const found: User[] = []
  for (let at = 0; at < ids.length; at += rowsMost) {
    const some = ids.slice(at, at + rowsMost)
    found.push(...(await db.selectFrom('users').selectAll().where('id', 'in', some).execute()).map(toUser))
  }
  return found
}

/** Gives users another state; their names stay. */
export async function updateUserStates(
  tx: Tx,
  ids: readonly UserId[],
  state: Exclude<UserState, 'deleted'>,
  nowMs: number,
): Promise<void> {
  for (let at = 0; at < ids.length; at += rowsMost) {
    await tx
      .updateTable('users')
      .set((row) => ({ state, updated_at: nowMs, revision: row('revision', '+', 1) }))
      .where('id', 'in', ids.slice(at, at + rowsMost))
      .execute()
  }
}

export interface UserFilter {
  /** Only of these; undefined for all. */
  readonly organizationIds?: readonly OrganizationId[] | undefined
  readonly state?: UserState | undefined
  /** Exactly this name or address, however spelled. */
  readonly username?: string | undefined
  readonly email?: string | undefined
  /** Names that begin so. */
  readonly prefix?: string | undefined
}

/** In the order of (organization, name); tombstones only when asked for by state. */
export function listUsers(db: Reader, filter: UserFilter, page: PlacePage): Promise<User[]> {
  return pageOverOrganizations(filter.organizationIds, page, async (part) => {
    let query = db.selectFrom('users').selectAll().orderBy('organization_id').orderBy('username').orderBy('id')
    const by = {
      name: filter.username === undefined ? undefined : usernameKey(filter.username),
      prefix: filter.prefix === undefined ? undefined : usernameKey(filter.prefix),
    }
    query = query.where(onPage(part, by, 'username'))
    query = filter.state === undefined ? query.where('state', '!=', 'deleted') : query.where('state', '=', filter.state)
    if (filter.email !== undefined) query = query.where('email_key', '=', emailKey(filter.email))
    return (await query.limit(part.limit).execute()).map(toUser)
  })
}

/** @throws {Fault} `directory.name_taken` */
export async function insertUser(tx: Tx, user: User): Promise<void> {
  await setNames(tx, user.organizationId, user.id, namesOf(user))
  await tx.insertInto('users').values(toRow(user)).execute()
}

/** As `insertUser` for many of one organization. @throws {Fault} `directory.name_taken` for any of them */
export async function insertUsers(tx: Tx, organizationId: OrganizationId, users: readonly User[]): Promise<void> {
  const wanted = users.flatMap((user, at) =>
    namesOf(user).map((name) => ({ ...name, pointer: `/${at}${name.pointer}`, objectId: user.id })),
  )
  await claimNames(tx, organizationId, wanted)
  for (let at = 0; at < users.length; at += rowsMost) {
    const rows = users.slice(at, at + rowsMost).map(toRow)
    await tx.insertInto('users').values(rows).execute()
  }
}

/** Writes the user as it is now; a tombstone's names are free again. @throws {Fault} `directory.name_taken` */
export async function updateUserRow(tx: Tx, user: User): Promise<void> {
  if (user.state === 'deleted') await releaseNames(tx, user.id)
  else await setNames(tx, user.organizationId, user.id, namesOf(user))
  const { organization_id, id, ...rest } = toRow(user)
  await tx.updateTable('users').set(rest).where('organization_id', '=', organization_id).where('id', '=', id).execute()
}

function namesOf({ username, email }: User): WantedName[] {
  const looks = usernameLooks(username)
  const names: WantedName[] = [
    { kind: 'login', name: username, pointer: '/username', taken: `The user name ${username} is taken` },
    { kind: 'looks', name: looks, pointer: '/username', taken: `A user name that looks like ${username} is taken` },
  ]
  const address = email && emailKey(email)
  if (address !== undefined && address !== '' && address !== username) {
    names.push({ kind: 'login', name: address, pointer: '/email', taken: 'The e-mail address is taken' })
  }
  return names
}

function toRow(user: User): UserTable {
  return {
    organization_id: user.organizationId,
    id: user.id,
    username: user.username,
    email: user.email ?? null,
    email_key: user.email === undefined ? null : emailKey(user.email),
    email_verified: user.emailVerified ? 1 : 0,
    display_name: user.displayName ?? null,
    attributes: JSON.stringify(user.attributes),
    state: user.state,
    created_at: user.createdAtMs,
    updated_at: user.updatedAtMs,
    revision: user.revision,
  }
}

/** Of a user, what decisions see. */
export type UserFacts = Omit<User, 'emailVerified' | 'createdAtMs' | 'updatedAtMs' | 'revision'>
const factColumns = ['id', 'organization_id', 'username', 'email', 'display_name', 'attributes', 'state'] as const

/** Every user but tombstones, some at a time, in the order of ids: as rows were written, each is read from beside the last. */
export async function* loadUsers(db: Reader, limit: number): AsyncGenerator<UserFacts[]> {
  for (let after = ''; ; ) {
    const query = db.selectFrom('users').select(factColumns).where('id', '>', after)
    const rows = await query.orderBy('id').limit(limit).execute()
    yield rows.filter((row) => row.state !== 'deleted').map(toFacts)
    const last = rows.at(-1)
    if (last === undefined || rows.length < limit) return
    after = last.id
  }
}

function toFacts(row: Pick<Selectable<UserTable>, (typeof factColumns)[number]>): UserFacts {
  return {
    id: row.id as UserId,
    organizationId: row.organization_id as OrganizationId,
    username: row.username,
    email: row.email ?? undefined,
    displayName: row.display_name ?? undefined,
    attributes: JSON.parse(row.attributes),
    state: row.state as UserState,
  }
}

export function toUser(row: Selectable<UserTable>): User {
  const { created_at: createdAtMs, updated_at: updatedAtMs, revision } = row
  return { ...toFacts(row), emailVerified: row.email_verified === 1, createdAtMs, updatedAtMs, revision }
}
