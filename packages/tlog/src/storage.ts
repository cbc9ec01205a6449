import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Where a log lives. A path is one that `tilePath` writes, or `checkpoint`. */
export interface LogStorage {
  read(path: string): Promise<Uint8Array | undefined>
  /** Durable once it returns; each file whole or as before, whatever is cut short. */
  write(files: ReadonlyMap<string, Uint8Array>): Promise<void>
  /** Replaces the checkpoint. Called only after every file it promises is durable. */
  writeCheckpoint(text: string): Promise<void>
  /** Removes files that no published checkpoint needs. May do nothing. */
  remove(paths: readonly string[]): Promise<void>
}

/** A log in a directory that any web server can serve as it is. */
export class DirectoryStorage implements LogStorage {
  readonly #root: string
  #temporary = 0

  constructor(root: string) {
    this.#root = root
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(join(this.#root, path))
    } catch (error) {
      const code = (error as { code?: string }).code
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
      throw error
    }
  }

  async write(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const directories = new Set<string>()
    for (const [path, bytes] of files) directories.add(await this.#replace(path, bytes))
    for (const directory of directories) await flushDirectory(directory)
  }

  async writeCheckpoint(text: string): Promise<void> {
    await flushDirectory(await this.#replace('checkpoint', Buffer.from(text)))
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) await rm(join(this.#root, path), { force: true })
  }

  /** INVARIANT: the new bytes are on disk before the name points to them. */
  async #replace(path: string, bytes: Uint8Array): Promise<string> {
    const target = join(this.#root, path)
    const directory = dirname(target)
    if (!existsSync(directory)) {
      const first = await mkdir(directory, { recursive: true })
      if (first !== undefined)
        for (let at = directory; at.length >= dirname(first).length; at = dirname(at)) await flushDirectory(at)
    }
    const temporary = `${target}.new${++this.#temporary}`
    const file = await open(temporary, 'w', 0o644)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
    return directory
  }
}

async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** A log in memory, for tests and for building one to export. */
export class MemoryStorage implements LogStorage {
  readonly files = new Map<string, Uint8Array>()

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.files.get(path)
  }

  async write(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    for (const [path, bytes] of files) this.files.set(path, Buffer.from(bytes))
  }

  async writeCheckpoint(text: string): Promise<void> {
    this.files.set('checkpoint', Buffer.from(text))
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.files.delete(path)
  }
}
