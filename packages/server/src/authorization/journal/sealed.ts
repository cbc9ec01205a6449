import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { open, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { constants, crc32, zstdCompress, zstdDecompress } from 'node:zlib'
import { decodeRecord, type KeptDecision } from './record.ts'
import { scan } from './segment.ts'

const compress = promisify(zstdCompress)
/** More than a segment of the usual size is packed into. */
const packedAtOnce = 2 ** 20
/** Lines as alike as these are packed best by the quickest: half the work of the default, and smaller. */
const params = { [constants.ZSTD_c_compressionLevel]: 1 }
const decompress = promisify(zstdDecompress)

/**
 * Turns a closed segment `X.log` into `X.log.zst` with `X.idx`, then removes it. Safe to repeat after a crash at any point:
 * the `.log` goes last, and both files appear by renaming.
 */
export async function seal(path: string, index: Float64Array): Promise<void> {
  const packed = await packWhole(path)
  await writeThenRename(indexOf(path), new Uint8Array(index.buffer, index.byteOffset, index.byteLength))
  await writeThenRename(`${path}.zst`, packed)
  await unlink(path)
}

/** As `seal`, for a segment that a crash left between closing and sealing. */
export async function sealLeftover(path: string, first: number): Promise<void> {
  const { ids } = scan(await readFile(path), first)
  await seal(path, Float64Array.from(ids, (id, index) => id * 2 ** 21 + index).sort())
}

/** The records of one request in a sealed segment. Opens it only when its index has the id. */
export async function findSealed(path: string, requestId: string): Promise<KeptDecision[]> {
  const wanted = new Set(findInIndex(indexOf(path), crc32(requestId)))
  if (wanted.size === 0) return []
  const found: KeptDecision[] = []
  let index = 0
  for await (const record of readSealed(path)) {
    if (wanted.has(index++) && record?.requestId === requestId) found.push(record)
  }
  return found
}

/** Every record of a sealed segment in order; undefined for one that does not match its checksum. */
export async function* readSealed(path: string): AsyncGenerator<KeptDecision | undefined> {
  const bytes = await decompress(await readFile(`${path}.zst`))
  let start = 0
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    yield decodeRecord(bytes.subarray(start, end))
    start = end + 1
  }
}

/** Binary search on disk: 8 bytes a step, no more of the index is read. */
function findInIndex(path: string, id: number): number[] {
  if (!existsSync(path)) return []
  const fd = openSync(path, 'r')
  const entry = new Float64Array(1)
  const read = (at: number): number | undefined =>
    readSync(fd, new Uint8Array(entry.buffer), 0, 8, at * 8) === 8 ? entry[0] : undefined
  try {
    let low = 0
    let high = 2 ** 21
    while (low < high) {
      const middle = (low + high) >>> 1
      const value = read(middle)
      if (value !== undefined && value < id * 2 ** 21) low = middle + 1
      else high = middle
    }
    const found: number[] = []
    for (let value = read(low); value !== undefined && Math.floor(value / 2 ** 21) === id; value = read(++low)) {
      found.push(value % 2 ** 21)
    }
    return found
  } finally {
    closeSync(fd)
  }
}

/**
 * What the last segment was read into. A new one for each would be eight megabytes of garbage outside the heap, for which the collector
 * goes through all of the heap: several times a second under load, which cost as much as a quarter of the decisions.
 */
let scratch: Buffer | undefined
let letGo: NodeJS.Timeout | undefined
const quietMs = 5_000

/** A whole segment in one piece: in many, each is a turn of a thread and of the event loop, between decisions. */
async function packWhole(path: string): Promise<Buffer> {
  const file = await open(path)
  // Taken while it is used: two journals of one process may seal at once.
  let into = scratch
  scratch = undefined
  try {
    const { size } = await file.stat()
    if (into === undefined || into.length < size) into = Buffer.allocUnsafeSlow(size + (size >> 3))
    const { bytesRead } = await file.read(into, 0, size, 0)
    const lines = bytesRead === size ? into.subarray(0, size) : await readFile(path)
    return await compress(lines, { chunkSize: packedAtOnce, params })
  } finally {
    if (into !== undefined) giveBack(into)
    await file.close()
  }
}

/** Keeps it for the next segment, as long as one comes soon. */
function giveBack(buffer: Buffer): void {
  scratch = buffer
  clearTimeout(letGo)
  letGo = setTimeout(() => {
    scratch = undefined
  }, quietMs)
  letGo.unref()
}

const indexOf = (path: string) => path.replace(/\.log$/, '.idx')

async function writeThenRename(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.tmp`, bytes, { mode: 0o600, flush: true })
  await rename(`${path}.tmp`, path)
}
