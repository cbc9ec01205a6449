import { existsSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { examineArchives, PutBack } from '#audit'
import { adoptPositions } from '#feed'
import { type Clock, Fault } from '#kernel'
import { type DatabaseAddress, type Migration, openStorage } from '#storage'
import { type BackupOpener, openStream } from './cipher.ts'
import { insertRows, refuseRows } from './restore.store.ts'
import './faults.ts'

export interface RestoreInput {
  readonly address: DatabaseAddress
  readonly migrations: readonly Migration[]
  readonly clock: Clock
  readonly opener: BackupOpener
  /** Where to put the root key when the backup holds one and there is no file yet. */
  readonly rootKeyFile: string
  /** Where the audit log's archives lie; those that the backup holds are put there. */
  readonly archiveDirectory: string
}

export interface Restored {
  /** When the backup was made. */
  readonly createdAtMs: number
  readonly rows: number
  /** Archives of the audit log that the backup held. */
  readonly archivesPutBack: number
  /** Archives that the database needs, and of them those whose files are not there, or are not the ones that were written. */
  readonly archives: { readonly files: number; readonly away: readonly string[]; readonly damaged: readonly string[] }
}

/**
 * Restores a backup into an empty database of either engine, in one transaction, while no server runs. The schema becomes the
 * backup's; the next start migrates it.
 * @throws {Fault} `observability.backup_unreadable`, `observability.restore_not_empty`, `storage.too_new`
 */
export async function restoreBackup(sealed: AsyncIterable<Uint8Array>, input: RestoreInput): Promise<Restored> {
  const gunzip = createGunzip()
  let broken: unknown
  const plain = Readable.from(openStream(sealed, input.opener)).once('error', (error) => {
    broken = error
    gunzip.destroy(error)
  })
  gunzip.once('error', (error) => {
    broken ??= new Fault('observability.backup_unreadable', { cause: error })
  })
  const lines = createInterface({ input: plain.pipe(gunzip), crlfDelay: Number.POSITIVE_INFINITY })[
    Symbol.asyncIterator
  ]()
  const next = async () => {
    const { value, done } = await lines.next().catch((error) => {
      throw broken ?? error
    })
    if (broken !== undefined) throw broken
    if (done) throw new Fault('observability.backup_unreadable')
    return JSON.parse(value)
  }
  const head = await next()
  const strange = (head.migrations as string[]).filter((id) => !input.migrations.some((known) => known.id === id))
  if (strange.length > 0) throw new Fault('storage.too_new', { extra: { migrations: strange } })
  const migrations = input.migrations.filter(({ id }) => head.migrations.includes(id))
  const storage = await openStorage(input.address, { clock: input.clock, migrations })
  const putBack = new PutBack(input.archiveDirectory)
  try {
    let began = false
    const rows = await storage.transact(async (tx) => {
      if (began) throw new Fault('storage.contended')
      began = true
      let count = 0
      const seen = new Set<string>()
      for (;;) {
        const line = await next()
        if (line.end) {
          if (line.rows !== count) throw new Fault('observability.backup_unreadable')
          break
        }
        if (line.archive !== undefined) {
          if (line.bytes === undefined) continue
          const archive = { file: line.archive, sha256: line.sha256 }
          if (!(await putBack.add(archive, Buffer.from(line.bytes, 'base64'))))
            throw new Fault('observability.backup_unreadable')
          continue
        }
        if (!seen.has(line.table)) await refuseRows(tx, line.table)
        seen.add(line.table)
        await insertRows(tx, line.table, line.columns, line.rows)
        count += line.rows.length
      }
      await adoptPositions(storage, tx)
      return count
    })
    const archivesPutBack = putBack.keep()
    if (head.rootKey && !existsSync(input.rootKeyFile))
      writeFileSync(input.rootKeyFile, head.rootKey, { mode: 0o600, flag: 'wx' })
    const knowsArchives = head.migrations.includes('1105_audit_retention')
    const archives = knowsArchives
      ? await examineArchives(storage.db, input.archiveDirectory)
      : { files: 0, away: [], damaged: [] }
    return { rows, createdAtMs: head.createdAtMs as number, archivesPutBack, archives }
  } finally {
    putBack.discard()
    await storage.close()
  }
}
