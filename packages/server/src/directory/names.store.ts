import { Fault, type OrganizationId } from '#kernel'
import { type Migration, type Reader, repeatedRead, type Tx } from '#storage'
import './faults.ts'

/**
 * Every name that is unique, of every noun, in one table: whoever wants one inserts it and, where it is there already,
 * inserts nothing. INVARIANT: on both engines two transactions cannot take the same name, and the loser is told so.
 */
interface NameTable {
  /** Empty for what is unique in the whole deployment. */
  organization_id: string
  kind: NameKind
  name: string
  object_id: string
}

/**
 * `login`: a user's name or e-mail address, which share one space so that a login names one user; `looks`: see
 * `usernameLooks`; `domain` and `origin` belong to the deployment, as the names of organizations do.
 */
export type NameKind =
  | 'organization'
  | 'domain'
  | 'login'
  | 'looks'
  | 'group'
  | 'machine'
  | 'application'
  | 'origin'
  | 'provider'

declare module '#storage' {
  interface Tables {
    directory_names: NameTable
  }
}

export const nameMigrations: readonly Migration[] = [
  {
    id: '0400_directory_names',
    sql: `create table directory_names (organization_id text not null, kind text not null, name text not null,
  object_id text not null, primary key (organization_id, kind, name));
create index directory_names_by_object on directory_names (object_id);`,
  },
]

/** Rows of one statement: parameters stay far below what the engines take. */
const rowsMost = 500

export interface WantedName {
  readonly kind: NameKind
  readonly name: string
  /** Where the name stands in the request, as a JSON pointer. */
  readonly pointer: string
  /** The public sentence when it is taken. */
  readonly taken: string
}

/**
 * Gives an object exactly these names, releasing others it had.
 * @param organizationId whose name space; undefined for the deployment's
 * @throws {Fault} `directory.name_taken`
 */
export async function setNames(
  tx: Tx,
  organizationId: OrganizationId | undefined,
  objectId: string,
  wanted: readonly WantedName[],
): Promise<void> {
  const space = organizationId ?? ''
  const had = await tx.selectFrom('directory_names').selectAll().where('object_id', '=', objectId).execute()
  const same = (a: { kind: string; name: string }, b: { kind: string; name: string }) =>
    a.kind === b.kind && a.name === b.name
  for (const old of had) {
    if (old.organization_id !== space || wanted.some((name) => same(name, old))) continue
    await tx
      .deleteFrom('directory_names')
      .where('organization_id', '=', space)
      .where('kind', '=', old.kind)
      .where('name', '=', old.name)
      .execute()
  }
  for (const { kind, name, pointer, taken } of wanted) {
    if (had.some((old) => old.organization_id === space && same(old, { kind, name }))) continue
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('directory_names')
      .values({ organization_id: space, kind, name, object_id: objectId })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow()
    if (numInsertedOrUpdatedRows !== 0n) continue
    if ((await findNamed(tx, organizationId, kind, name)) === objectId) continue
    throw new Fault('directory.name_taken', { detail: taken, extra: { pointer } })
  }
}

/**
 * Gives names to many new objects at once, all or none.
 * @throws {Fault} `directory.name_taken`
 */
export async function claimNames(
  tx: Tx,
  organizationId: OrganizationId | undefined,
  wanted: readonly (WantedName & { readonly objectId: string })[],
): Promise<void> {
  const space = organizationId ?? ''
  for (let at = 0; at < wanted.length; at += rowsMost) {
    const some = wanted.slice(at, at + rowsMost)
    const rows = some.map(({ kind, name, objectId }) => ({
      organization_id: space,
      kind,
      name,
      object_id: objectId,
    }))
    const got = await tx
      .insertInto('directory_names')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .returning(['kind', 'name', 'object_id'])
      .execute()
    if (got.length === some.length) continue
    const given = new Set(got.map((row) => `${row.kind} ${row.object_id} ${row.name}`))
    const lost = some.find((name) => !given.has(`${name.kind} ${name.objectId} ${name.name}`))
    throw new Fault('directory.name_taken', { detail: lost?.taken, extra: { pointer: lost?.pointer } })
  }
}

/** Releases every name of a deleted object, in every space. */
export async function releaseNames(tx: Tx, objectId: string): Promise<void> {
  await tx.deleteFrom('directory_names').where('object_id', '=', objectId).execute()
}

/** The id of the object that has this name. */
export async function findNamed(
  db: Reader,
  organizationId: OrganizationId | undefined,
  kind: NameKind,
  name: string,
): Promise<string | undefined> {
  if (name.includes('\0')) return undefined // PostgreSQL refuses it, and nothing has such a name
  const [row] = await selectNamed(db, organizationId ?? '', kind, name)
  return row?.object_id
}
const selectNamed = repeatedRead((db) =>
  db
    .selectFrom('directory_names')
    .select('object_id')
    .where('organization_id', '=', '')
    .where('kind', '=', '' as NameKind)
    .where('name', '=', ''),
)
