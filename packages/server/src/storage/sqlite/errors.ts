import { Fault, isFault } from '#kernel'
import '../faults.ts'

/** SQLite's primary result codes (sqlite.org/rescode.html) that are not the statement's own fault. */
const busy = 5
const ioError = 10
const full = 13
const cannotOpen = 14

export function toFault(error: unknown): unknown {
  if (isFault(error)) return error
  // What Node answers for a connection that was closed.
  if ((error as { code?: unknown })?.code === 'ERR_INVALID_STATE')
    return new Fault('storage.unavailable', { cause: error })
  const code = (error as { errcode?: unknown })?.errcode
  if (typeof code !== 'number') return error
  const primary = code & 0xff
  if (primary === full) return new Fault('storage.full', { cause: error })
  if (primary === busy || primary === ioError || primary === cannotOpen)
    return new Fault('storage.unavailable', { cause: error })
  return error
}
