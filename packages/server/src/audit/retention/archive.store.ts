import type { Reader, Tx } from '#storage'

interface ArchiveTable {
  first: number
  last: number
  /** Name in the directory of archives; empty once nothing is left in it. */
  file: string
  sha256: string
  /** Bodies that are in it. */
  bodies: number
  /** JSON: positions whose bodies are to go when the file can be reached again. */
  pending: string | null
  created_at: number
}

declare module '#storage' {
  interface Tables {
    audit_archives: ArchiveTable
  }
}

export interface Archive {
  readonly first: number
  readonly last: number
  readonly file: string
  readonly sha256: string
  readonly bodies: number
  readonly pending: readonly number[]
}

const toArchive = ({ first, last, file, sha256, bodies, pending }: ArchiveTable): Archive => ({
  first,
  last,
  file,
  sha256,
  bodies,
  pending: pending === null ? [] : JSON.parse(pending),
})

/** The archive that holds a position. */
export async function findArchive(db: Reader, position: number): Promise<Archive | undefined> {
  const row = await db
    .selectFrom('audit_archives')
    .selectAll()
    .where('first', '<=', position)
    .orderBy('first', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined || row.last < position ? undefined : toArchive(row)
}

/** The last position that is archived: everything up to it is. */
export async function archivedThrough(db: Reader): Promise<number> {
  const row = await db.selectFrom('audit_archives').select('last').orderBy('first', 'desc').limit(1).executeTakeFirst()
  return row?.last ?? 0
}

export async function listArchives(db: Reader, waiting: boolean): Promise<Archive[]> {
  let query = db.selectFrom('audit_archives').selectAll().orderBy('first')
  if (waiting) query = query.where('pending', 'is not', null)
  return (await query.execute()).map(toArchive)
}

export async function countArchives(db: Reader): Promise<{ files: number; bodies: number }> {
  const row = await db
    .selectFrom('audit_archives')
    .select((e) => [e.fn.countAll().as('files'), e.fn.sum('bodies').as('bodies')])
    .executeTakeFirst()
  return { files: Number(row?.files ?? 0), bodies: Number(row?.bodies ?? 0) }
}

/**
 * Takes the rows of a range out of the ledger's table; their bodies are in the file now.
 * @returns false when the range is archived already, or a body that is in the file was erased meanwhile
 */
export async function moveToArchive(tx: Tx, archive: Omit<Archive, 'pending'>, nowMs: number): Promise<boolean> {
  const { first, last } = archive
  const done = await tx
    .insertInto('audit_archives')
    .values({ ...archive, pending: null, created_at: nowMs })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (done.numInsertedOrUpdatedRows !== 1n) return false
  const left = await tx
    .selectFrom('ledger_entries')
    .select((e) => e.fn.count('body').as('bodies'))
    .where('position', '>=', first)
    .where('position', '<=', last)
    .executeTakeFirst()
  if (Number(left?.bodies ?? 0) !== archive.bodies) {
    await tx.deleteFrom('audit_archives').where('first', '=', first).execute()
    return false
  }
  await tx.deleteFrom('ledger_entries').where('position', '>=', first).where('position', '<=', last).execute()
  return true
}

const listed = (pending: readonly number[]) => (pending.length === 0 ? null : JSON.stringify(pending))

/** @returns false when the row is no longer as `before` says: whoever changed it was first */
export async function saveArchive(tx: Tx, before: Archive, next: Archive): Promise<boolean> {
  const { file, sha256, bodies, pending } = next
  const was = listed(before.pending)
  const done = await tx
    .updateTable('audit_archives')
    .set({ file, sha256, bodies, pending: listed(pending) })
    .where('first', '=', before.first)
    .where('file', '=', before.file)
    .where('sha256', '=', before.sha256)
    .where('pending', was === null ? 'is' : '=', was)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}
