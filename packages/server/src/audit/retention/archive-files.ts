import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Reader } from '#storage'
import { listArchives } from './archive.store.ts'

/** An archive as its row names it. */
export interface ArchiveFile {
  readonly file: string
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string
}

const nameShape = /^\d{12}-\d{12}\.[\da-f]{16}\.ndjson\.zst$/

/** Where archives lie in a data directory; it may be a mount. */
export const archiveDirectoryOf = (dataDirectory: string) => join(dataDirectory, 'audit-archive')

/** The bytes of an archive; undefined when it is away or is not the file that was written. */
export async function readArchiveFile(
  directory: string,
  { file, sha256 }: ArchiveFile,
): Promise<Buffer | 'away' | 'damaged'> {
  if (!nameShape.test(file)) return 'damaged'
  try {
    const bytes = await readFile(join(directory, file))
    return digest(bytes) === sha256 ? bytes : 'damaged'
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return 'away'
    throw error
  }
}

/** Archives that a database needs, and what is wrong with their files: each is read whole. */
export async function examineArchives(
  db: Reader,
  directory: string,
): Promise<{ files: number; away: string[]; damaged: string[] }> {
  const needed = (await listArchives(db, false)).filter(({ file }) => file !== '')
  const away: string[] = []
  const damaged: string[] = []
  for (const archive of needed) {
    const read = await readArchiveFile(directory, archive)
    if (read === 'away') away.push(archive.file)
    if (read === 'damaged') damaged.push(archive.file)
  }
  return { files: needed.length, away, damaged }
}

/** Files of archives that are put back: they have their names only once `keep` was called, for a restore that fails leaves nothing. */
export class PutBack {
  readonly #directory: string
  readonly #files: string[] = []

  constructor(directory: string) {
    this.#directory = directory
  }

  /** On the medium once it returns. @returns false for bytes or a name that are no archive's: nothing was written */
  async add({ file, sha256 }: ArchiveFile, bytes: Uint8Array): Promise<boolean> {
    if (!nameShape.test(file) || digest(bytes) !== sha256) return false
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    this.#files.push(file)
    const handle = await open(this.#draft(file), 'w', 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return true
  }

  keep(): number {
    for (const file of this.#files) renameSync(this.#draft(file), join(this.#directory, file))
    return this.#files.length
  }

  discard(): void {
    for (const file of this.#files) rmSync(this.#draft(file), { force: true })
  }

  #draft(file: string): string {
    return join(this.#directory, `${file}.restored`)
  }
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
