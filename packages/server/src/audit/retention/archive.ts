import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { Fault, systemEntropy } from '#kernel'
import type { Storage, Tx } from '#storage'
import { type LedgerEntry, listLedgerEntries } from '../ledger/ledger.store.ts'
import { type Archive, findArchive, moveToArchive, saveArchive } from './archive.store.ts'
import '../faults.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Entries of one file: sixteen bundles. */
export const archiveSize = 4_096
const keptInMemory = 4

/** Tells in the log which entries lose their bodies. */
export type SayErased = (tx: Tx, positions: readonly number[]) => Promise<void>

/**
 * Bodies of old ranges as files: lines of JSON under zstd, as `gatehouse audit export` writes them, in a directory that may be a
 * mount of cheap storage, and whose files may be taken away and brought back. Tiles and leaves stay in the database, so every
 * proof goes on without them.
 */
export class Archives {
  readonly #storage: Storage
  readonly #directory: string
  readonly #recent = new Map<string, readonly LedgerEntry[]>()

  constructor(storage: Storage, directory: string) {
    this.#storage = storage
    this.#directory = directory
  }

  /** One entry of an archived range. @returns undefined where no archive holds it; its `file` alone when that is away */
  async find(position: number): Promise<LedgerEntry | { readonly away: string } | undefined> {
    const archive = await findArchive(this.#storage.db, position)
    if (archive === undefined) return undefined
    const entries = await this.read(archive)
    return entries === undefined ? { away: archive.file } : entries[position - archive.first]
  }

  /**
   * The entries of an archive in order; undefined when its file is not there.
   * @throws {Fault} `audit.archive_damaged` when the file is not the one that was written
   */
  async read(archive: Archive): Promise<readonly LedgerEntry[] | undefined> {
    const { first, last, sha256, pending } = archive
    if (archive.file === '') return Array.from({ length: last - first + 1 }, (_, at) => emptyAt(first + at))
    let entries = this.#recent.get(sha256)
    if (entries !== undefined && !existsSync(join(this.#directory, archive.file))) return undefined
    if (entries === undefined) {
      const bytes = await this.#readFile(archive.file)
      if (bytes === undefined) return undefined
      if (digest(bytes) !== sha256)
        throw new Fault('audit.archive_damaged', { detail: `${archive.file} is not the file that was written` })
      const text = (await decompress(bytes)).toString('utf8')
      entries = text.trimEnd().split('\n').map(parseLine)
      if (this.#recent.size >= keptInMemory) this.#recent.delete(this.#recent.keys().next().value as string)
      this.#recent.set(sha256, entries)
    }
    if (pending.length === 0) return entries
    const gone = new Set(pending)
    return entries.map((entry) => (gone.has(entry.position) ? { ...emptyAt(entry.position), ...who(entry) } : entry))
  }

  /**
   * Moves the bodies of a range into a file. Crash states: until the commit the file is a copy that nothing refers to and the
   * next attempt replaces; after it, the rows are gone and the file is on the medium.
   */
  async write(first: number, nowMs: number): Promise<boolean> {
    const last = first + archiveSize - 1
    const entries = await listLedgerEntries(this.#storage.db, first - 1, archiveSize)
    if (entries.length !== archiveSize || entries.at(-1)?.position !== last)
      throw new TypeError(`entries ${first} to ${last} are not all there`)
    const { file, sha256, bodies } = await this.#save(`${nameOf(first)}-${nameOf(last)}`, entries)
    if (await this.#storage.transact((tx) => moveToArchive(tx, { first, last, file, sha256, bodies }, nowMs)))
      return true
    await this.#discard(first, file)
    return false
  }

  /**
   * Takes bodies out of an archive: the file is written again without them, or goes when none is left. A file that is away is
   * treated so as soon as it is there again.
   * @returns how many bodies the archive held of them; -1 when the file is away
   */
  async remove(archive: Archive, positions: readonly number[], say: SayErased): Promise<number> {
    for (
      let now: Archive | undefined = archive;
      now !== undefined;
      now = await findArchive(this.#storage.db, now.first)
    ) {
      const done = await this.#removeFrom(now, positions, say)
      if (done !== undefined) return done
    }
    return 0
  }

  /** @returns undefined when somebody else wrote the archive again meanwhile */
  async #removeFrom(archive: Archive, positions: readonly number[], say: SayErased): Promise<number | undefined> {
    const waiting = new Set(archive.pending)
    const save = (next: Partial<Archive>, going: readonly number[]) =>
      this.#storage.transact(async (tx) => {
        if (!(await saveArchive(tx, archive, { ...archive, ...next }))) return false
        // What waits for its file was told of when it began to.
        await say(
          tx,
          going.filter((position) => !waiting.has(position)),
        )
        return true
      })
    const gone = new Set([...archive.pending, ...positions])
    const entries = await this.read({ ...archive, pending: [] })
    if (entries === undefined) return (await save({ pending: [...gone] }, positions)) ? -1 : undefined
    const left = entries.map((entry) =>
      gone.has(entry.position) ? { ...emptyAt(entry.position), ...who(entry) } : entry,
    )
    const going = entries.filter(({ position, body }) => body !== undefined && gone.has(position))
    const had = entries.filter(({ body }) => body !== undefined).length
    const has = left.filter(({ body }) => body !== undefined).length
    if (had === has && archive.pending.length === 0) return 0
    this.#recent.delete(archive.sha256)
    const kept = has === 0 ? undefined : await this.#save(archive.file.replace(/\..*$/s, ''), left)
    const next = { file: '', bodies: 0, ...kept, pending: [] }
    if (
      !(await save(
        next,
        going.map(({ position }) => position),
      ))
    ) {
      if (kept !== undefined) await this.#discard(archive.first, kept.file)
      return undefined
    }
    if (archive.file !== '' && kept?.file !== archive.file)
      await rm(join(this.#directory, archive.file), { force: true })
    return had - has
  }

  /** Takes away a file that came to nothing, unless another has written the same. */
  async #discard(first: number, file: string): Promise<void> {
    if ((await findArchive(this.#storage.db, first))?.file !== file)
      await rm(join(this.#directory, file), { force: true })
  }

  async #readFile(name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.#directory, name))
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return undefined
      throw error
    }
  }

  /**
   * On the medium, with its name, once it returns. INVARIANT: the name says the content, so that two who write at the same time, or one
   * who dies before the commit, never put other bytes under a name that a row has.
   */
  async #save(range: string, entries: readonly LedgerEntry[]): Promise<Pick<Archive, 'file' | 'sha256' | 'bodies'>> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const bytes = await compress(Buffer.from(`${entries.map(toLine).join('\n')}\n`))
    const sha256 = digest(bytes)
    const file = `${range}.${sha256.slice(0, 16)}.ndjson.zst`
    const path = join(this.#directory, file)
    const draft = `${path}.${Buffer.from(systemEntropy.bytes(6)).toString('hex')}.new`
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, path)
    const parent = await open(dirname(path), 'r')
    await parent.sync().finally(() => parent.close())
    return { file, sha256, bodies: entries.filter(({ body }) => body !== undefined).length }
  }
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const nameOf = (position: number) => String(position).padStart(12, '0')
const emptyAt = (position: number): LedgerEntry => ({
  position,
  organizationId: undefined,
  salt: undefined,
  body: undefined,
})
const who = ({ organizationId }: LedgerEntry) => ({ organizationId })

function toLine({ position, organizationId, salt, body }: LedgerEntry): string {
  return JSON.stringify({ position, organizationId, salt: salt && Buffer.from(salt).toString('base64'), body })
}

function parseLine(line: string): LedgerEntry {
  const { position, organizationId, salt, body } = JSON.parse(line)
  return { position, organizationId, salt: salt === undefined ? undefined : Buffer.from(salt, 'base64'), body }
}
