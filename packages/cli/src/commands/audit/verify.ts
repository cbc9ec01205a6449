import { createHash } from 'node:crypto'
import { type SignedCheckpoint, TlogError, type TrustPolicy, verifyLog } from '@gatehouse/tlog'
import { broken } from './broken.ts'
import { Erasures } from './erasures.ts'
import type { Body, LogSource } from './source.ts'

export interface Verified {
  readonly origin: string
  readonly size: number
  readonly root: string
  /** Bodies that hash to their leaf. */
  readonly bodies: number
  /** Entries whose salt and body were erased, as an entry of the log says of each: their leaf stands, what it said is gone. */
  readonly erased: number
  /** Of them, those of which only an archive that is away, or an entry behind the checkpoint, can say so. */
  readonly unproven: number
  /** Entries whose bodies lie in archives that are elsewhere. */
  readonly away: number
}

/**
 * Checks a log whole: every entry, every tile, the signature, consistency with every earlier checkpoint, and every body
 * against its leaf; of every entry without a body an entry of the log must say that it was erased.
 * @throws {Failure} naming the first thing that is wrong
 */
export async function verifyAll(
  source: LogSource,
  options: {
    earlier: readonly string[]
    policy?: TrustPolicy
    bodies: boolean
    /** Finds bodies in archives. */
    archived?: (body: Body) => Promise<Body>
    onProgress: (done: number, size: number) => void
  },
): Promise<Verified> {
  const hashes: string[] = []
  let checkpoint: SignedCheckpoint
  try {
    checkpoint = await verifyLog({
      checkpoint: source.checkpoint,
      logKey: source.key,
      read: (tile) => source.readTile(tile),
      earlier: options.earlier,
      ...(options.policy && { policy: options.policy }),
      onEntry: (index, entry) => hashes.push(readLeaf(index, entry)),
      onProgress: options.onProgress,
    })
  } catch (error) {
    if (error instanceof TlogError) throw broken(error.message, error)
    throw error
  }
  let bodies = 0
  let erased = 0
  let away = 0
  let unproven = 0
  if (options.bodies) {
    const proven = new Erasures()
    const later: string[] = []
    for await (const told of source.bodies()) {
      if (told.position > checkpoint.size) {
        // Integrated after the checkpoint was read: it may say what was erased since.
        if (told.body !== undefined) later.push(told.body)
        continue
      }
      const before = bodies + erased + away
      if (told.position !== before + 1) throw broken(`after body ${before} comes ${told.position}`)
      const { position, salt, body, away: file } = (await options.archived?.(told)) ?? told
      if (file !== undefined) away++
      else if (salt === undefined || body === undefined) {
        erased++
        proven.add(position)
      } else {
        const hash = createHash('sha256').update(Buffer.from(salt, 'base64')).update(body, 'utf8').digest('base64')
        if (hash !== hashes[position - 1]) throw broken(`the body of entry ${position} is not the one that was logged`)
        proven.read(body)
        bodies++
      }
    }
    if (bodies + erased + away !== checkpoint.size)
      throw broken(`the log has ${checkpoint.size} entries, but ${bodies + erased + away} bodies`)
    unproven = proven.unsaid().count
    for (const body of later) proven.read(body)
    const { count, first } = proven.unsaid()
    if (count > 0 && away === 0)
      throw broken(`the body of entry ${first} is gone, and no entry says that it was erased (${count} in all)`)
  }
  const { origin, size, root } = checkpoint
  return { origin, size, root: root.toString('base64'), bodies, erased, unproven, away }
}

/** The hash in a leaf. INVARIANT: the leaf at index n is position n + 1: nothing is missing between two. */
function readLeaf(index: number, entry: Buffer): string {
  const match = /^gatehouse-leaf\/v1 [a-z]+\n([1-9]\d*)\n([A-Za-z0-9+/]{43}=)\n$/.exec(entry.toString('latin1'))
  if (match === null) throw broken(`entry ${index + 1} is not a leaf of Gatehouse`)
  if (Number(match[1]) !== index + 1) throw broken(`entry ${index + 1} says that it is ${match[1]}`)
  return match[2] as string
}
