import { type Checkpoint, parseCheckpointText } from './checkpoint.ts'
import { TlogError } from './error.ts'
import { leafHash } from './hash.ts'
import { type Note, parseNote } from './note.ts'
import { requireQuorum, type TrustPolicy } from './policy.ts'
import { verifyInclusion } from './verify.ts'

/** A receipt that can be checked offline: an entry's place in a signed tree (C2SP tlog-proof). */
export interface TlogProof {
  readonly index: number
  readonly path: readonly Buffer[]
  /** The checkpoint as signed. */
  readonly checkpoint: string
  /** Opaque and not authenticated. */
  readonly extra?: Buffer
}

const header = 'c2sp.org/tlog-proof@v1'

export function formatProof(proof: TlogProof): string {
  const extra = proof.extra === undefined ? '' : `extra ${proof.extra.toString('base64')}\n`
  const path = proof.path.map((hash) => `${hash.toString('base64')}\n`).join('')
  return `${header}\n${extra}index ${proof.index}\n${path}\n${proof.checkpoint}`
}

/** @throws {TlogError} `malformed` */
export function parseProof(text: string): TlogProof {
  const wrong = (why: string) => new TlogError('malformed', `not a ${header}: ${why}`)
  const split = text.indexOf('\n\n')
  const lines = text.slice(0, Math.max(split, 0)).split('\n')
  if (split < 0 || lines.shift() !== header) throw wrong('no header')
  let extra: Buffer | undefined
  if (lines[0]?.startsWith('extra ')) extra = decode(lines.shift()?.slice(6) ?? '', wrong)
  const index = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? '')?.[1]
  if (index === undefined || !Number.isSafeInteger(Number(index))) throw wrong('no index')
  if (lines.length > 63) throw wrong('more than 63 hashes')
  const path = lines.map((line) => decode(line, wrong))
  if (path.some((hash) => hash.length !== 32)) throw wrong('a hash that is not 32 bytes')
  return { index: Number(index), path, checkpoint: text.slice(split + 2), ...(extra && { extra }) }
}

/**
 * Verifies that `entry` is in a log the policy trusts, in a tree that a quorum has seen.
 * @throws {TlogError} `malformed`, `unsigned`, `forged`
 */
export function verifyProof(
  text: string,
  entry: Uint8Array,
  policy: TrustPolicy,
): { checkpoint: Checkpoint; index: number; witnesses: { name: string; atSeconds: number }[] } {
  const proof = parseProof(text)
  const note: Note = parseNote(proof.checkpoint)
  const { log, witnesses } = requireQuorum(note, policy)
  const checkpoint = parseCheckpointText(note.text)
  if (checkpoint.origin !== log.name) throw new TlogError('unsigned', 'the checkpoint is of another log than its key')
  if (!verifyInclusion(leafHash(entry), proof.index, checkpoint.size, proof.path, checkpoint.root)) {
    throw new TlogError('forged', `the proof does not show the entry at index ${proof.index}`)
  }
  return { checkpoint, index: proof.index, witnesses }
}

function decode(text: string, wrong: (why: string) => TlogError): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw wrong('a line that is not base64')
  return bytes
}
