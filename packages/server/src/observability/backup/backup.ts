import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { type ArchiveFile, auditViews, readArchiveFile } from '#audit'
import { feedViews } from '#feed'
import type { Entropy } from '#kernel'
import type { SnapshotBatch, Storage } from '#storage'
import { type BackupKey, sealStream } from './cipher.ts'

export interface BackupInput {
  readonly storage: Storage
  readonly entropy: Entropy
  readonly nowMs: number
  readonly key: BackupKey
  /** The root key file, when it is to be in the backup too. */
  readonly rootKeyFile?: string
  /** Where the audit log's archives lie, when they are to be in the backup too. */
  readonly archiveDirectory?: string
}

/**
 * The whole database as of one moment, compressed and sealed, while the server runs. Inside is JSON a line, the same from
 * either engine: `{backup, migrations, createdAtMs}`, then `{table, columns, rows}`, then `{archive, sha256, bytes}` for
 * each of the audit log's archives that is asked for (without `bytes` where its file is away), then `{end, rows}`. Bytes are
 * `{"$bytes": base64}`.
 */
export function createBackup(input: BackupInput): Readable {
  const gzip = createGzip()
  const source = Readable.from(writeLines(input)).once('error', (error) => gzip.destroy(error))
  return Readable.from(sealStream(source.pipe(gzip), input.key, input.entropy), { objectMode: false })
}

async function* writeLines({ storage, nowMs, rootKeyFile, archiveDirectory }: BackupInput): AsyncGenerator<string> {
  const migrations = await storage.migrations()
  const rootKey = rootKeyFile === undefined ? undefined : readFileSync(rootKeyFile, 'utf8')
  yield `${JSON.stringify({ backup: 1, createdAtMs: nowMs, migrations, ...(rootKey && { rootKey }) })}\n`
  let rows = 0
  const archives: ArchiveFile[] = []
  for await (const batch of storage.snapshot({ ...feedViews, ...auditViews })) {
    rows += batch.rows.length
    if (batch.table === 'audit_archives') archives.push(...archivesIn(batch))
    yield `${JSON.stringify({ ...batch, rows: batch.rows.map((row) => row.map(toJson)) })}\n`
  }
  if (archiveDirectory !== undefined)
    for (const archive of archives) yield `${JSON.stringify(await archiveLine(archiveDirectory, archive))}\n`
  yield `${JSON.stringify({ end: true, rows })}\n`
}

function archivesIn({ columns, rows }: SnapshotBatch): ArchiveFile[] {
  const [file, sha256] = ['file', 'sha256'].map((name) => columns.indexOf(name)) as [number, number]
  return rows
    .map((row) => ({ file: String(row[file]), sha256: String(row[sha256]) }))
    .filter((archive) => archive.file !== '')
}

async function archiveLine(directory: string, archive: ArchiveFile): Promise<object> {
  const bytes = await readArchiveFile(directory, archive)
  const told = { archive: archive.file, sha256: archive.sha256 }
  return typeof bytes === 'string' ? told : { ...told, bytes: bytes.toString('base64') }
}

const toJson = (value: unknown) =>
  value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString('base64') } : value
