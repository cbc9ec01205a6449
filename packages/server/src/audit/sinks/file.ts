import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FeedEvent } from '#feed'
import { type Format, inTurns, toLine } from './format.ts'
import { type Sink, SinkLies } from './sink.ts'

export interface FileOptions {
  readonly name: string
  /** Absolute. Older ones are beside it: `path.1`, `path.2`, … */
  readonly path: string
  readonly format: Format
  /** A file is rotated before it would grow beyond this. */
  readonly rotateBytes: number
  /** How many rotated files stay. */
  readonly keep: number
}

/** NDJSON in a file, flushed before the cursor moves. A file that lost what was written is found at the next batch. */
export function fileSink(options: FileOptions): Sink {
  let file: FileHandle | undefined
  let size = 0

  const rotate = async () => {
    await file?.close()
    file = undefined
    if (options.keep === 0) await rm(options.path, { force: true })
    for (let at = options.keep; at >= 1; at--) {
      const from = at === 1 ? options.path : `${options.path}.${at - 1}`
      await rename(from, `${options.path}.${at}`).catch((error: { code?: string }) => {
        if (error.code !== 'ENOENT') throw error
      })
    }
  }
  const take = async (): Promise<FileHandle> => {
    if (file === undefined) {
      await mkdir(dirname(options.path), { recursive: true, mode: 0o700 })
      file = await open(options.path, 'a+', 0o600)
      size = (await file.stat()).size
      await repair(file)
    }
    return file
  }
  /** A crash may have left half a line: it is ended, so that the next begins one of its own. */
  const repair = async (handle: FileHandle) => {
    if (size === 0) return
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
    if (buffer[0] !== 10) size += (await handle.write('\n')).bytesWritten
  }

  return {
    name: options.name,
    kind: 'file',
    settleMs: 0,
    send: async (events: readonly FeedEvent[]) => {
      const bytes = Buffer.from((await inTurns(events, (event) => `${toLine(event, options.format)}\n`)).join(''))
      await take()
      if (size > 0 && size + bytes.length > options.rotateBytes) await rotate()
      const handle = await take()
      const before = await handle.stat()
      if (before.size !== size || before.nlink === 0) {
        file = undefined
        await handle.close()
        const why = before.nlink === 0 ? 'is gone' : `has ${before.size} bytes where ${size} were written`
        throw new SinkLies(`${options.path} ${why}: somebody else has changed it`)
      }
      try {
        for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten
        await handle.datasync()
      } catch (error) {
        file = undefined
        await handle.close().catch(() => undefined)
        throw error
      }
      size += bytes.length
    },
    close: async () => {
      await file?.close()
      file = undefined
    },
  }
}
