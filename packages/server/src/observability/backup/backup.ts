import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { auditViews } from '#audit'
import { feedViews } from '#feed'
import type { Entropy } from '#kernel'
import type { Storage } from '#storage'
import { type BackupKey, sealStream } from './cipher.ts'

export interface BackupInput {
  readonly storage: Storage
  readonly entropy: Entropy
  readonly nowMs: number
  readonly key: BackupKey
  /** The root key file, when it is to be in the backup too. */
  readonly rootKeyFile?: string
}

/**
 * The whole database as of one moment, compressed and sealed, while the server runs. Inside is JSON a line, the same from
 * either engine: `{backup, migrations, createdAtMs}`, then `{table, columns, rows}`, then `{end, rows}`. Bytes are
 * `{"$bytes": base64}`.
 */
export function createBackup(input: BackupInput): Readable {
  const gzip = createGzip()
  const source = Readable.from(writeLines(input)).once('error', (error) => gzip.destroy(error))
  return Readable.from(sealStream(source.pipe(gzip), input.key, input.entropy), { objectMode: false })
}

async function* writeLines({ storage, nowMs, rootKeyFile }: BackupInput): AsyncGenerator<string> {
  const migrations = await storage.migrations()
  const rootKey = rootKeyFile === undefined ? undefined : readFileSync(rootKeyFile, 'utf8')
  yield `${JSON.stringify({ backup: 1, createdAtMs: nowMs, migrations, ...(rootKey && { rootKey }) })}\n`
  let rows = 0
  for await (const batch of storage.snapshot({ ...feedViews, ...auditViews })) {
    rows += batch.rows.length
    yield `${JSON.stringify({ ...batch, rows: batch.rows.map((row) => row.map(toJson)) })}\n`
  }
  yield `${JSON.stringify({ end: true, rows })}\n`
}

const toJson = (value: unknown) =>
  value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString('base64') } : value
