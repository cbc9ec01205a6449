import { type Checkpoint, formatCheckpoint, parseCheckpointText, type SignedCheckpoint } from './checkpoint.ts'
import { TlogError } from './error.ts'
import { equalBytes } from './hash.ts'
import {
  cosign,
  type Ed25519Sign,
  formatSignatureLine,
  type NoteSignature,
  parseNote,
  parseSignatureLine,
  type VerifierKey,
  verifyNote,
} from './note.ts'
import { verifyConsistency } from './verify.ts'

const proofMost = 63
const bodyMost = 64 * 1024

/** The body of `POST <submission prefix>/add-checkpoint` (C2SP tlog-witness). */
export function formatAddCheckpoint(oldSize: number, proof: readonly Buffer[], checkpoint: SignedCheckpoint): string {
  return `old ${oldSize}\n${proof.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${formatCheckpoint(checkpoint)}`
}

/** The signature lines of a witness's answer that are by known witnesses and verify for this checkpoint; others are left out. */
export function acceptCosignatures(
  answer: string,
  checkpoint: SignedCheckpoint,
  witnesses: readonly VerifierKey[],
): NoteSignature[] {
  if (answer.length > bodyMost) throw new TlogError('too_large', 'the witness answers with too much')
  return answer
    .split('\n')
    .filter((line) => line !== '')
    .map(parseSignatureLine)
    .filter((signature) => {
      const known = witnesses.some((key) => key.name === signature.name && key.id === signature.id)
      return known && verifyNote({ text: checkpoint.note.text, signatures: [signature] }, witnesses).length === 1
    })
}

/** Remembers, for each origin, the newest checkpoint a witness has cosigned. `replace` is atomic and durable. */
export interface WitnessMemory {
  latest(origin: string): Promise<Checkpoint | undefined>
  /** False when the latest is no longer `expected`. */
  replace(origin: string, expected: number, next: Checkpoint): Promise<boolean>
}

export interface Witness {
  readonly name: string
  readonly publicKey: Uint8Array
  readonly sign: Ed25519Sign
  readonly logs: readonly VerifierKey[]
  readonly memory: WitnessMemory
  readonly nowSeconds: () => number
}

/** Answers an `add-checkpoint` request as the specification says: status, content type, body. */
export async function answerAddCheckpoint(
  witness: Witness,
  body: string,
): Promise<{ status: number; type: string; body: string }> {
  const plain = (status: number, text: string) => ({ status, type: 'text/plain; charset=utf-8', body: `${text}\n` })
  const size = (n: number) => ({ status: 409, type: 'text/x.tlog.size', body: `${n}\n` })
  const split = body.indexOf('\n\n')
  const [first, ...lines] = body.slice(0, Math.max(split, 0)).split('\n')
  const oldSize = Number(/^old (0|[1-9]\d{0,15})$/.exec(first ?? '')?.[1] ?? Number.NaN)
  const proof = lines.map((line) => Buffer.from(line, 'base64'))
  const proofGood =
    proof.length <= proofMost && proof.every((hash, at) => hash.length === 32 && hash.toString('base64') === lines[at])
  if (body.length > bodyMost || split < 0 || !Number.isSafeInteger(oldSize) || !proofGood)
    return plain(400, 'malformed')
  let checkpoint: SignedCheckpoint
  try {
    const note = parseNote(body.slice(split + 2))
    checkpoint = { ...parseCheckpointText(note.text), note }
  } catch {
    return plain(400, 'malformed')
  }
  const keys = witness.logs.filter((key) => key.name === checkpoint.origin)
  if (keys.length === 0) return plain(404, 'unknown log')
  try {
    verifyNote(checkpoint.note, keys)
  } catch {
    return plain(403, 'no signature by a known key of the log')
  }
  if (oldSize > checkpoint.size) return plain(400, 'old size above the new')
  const latest = await witness.memory.latest(checkpoint.origin)
  if ((latest?.size ?? 0) !== oldSize) return size(latest?.size ?? 0)
  if (latest !== undefined && latest.size === checkpoint.size && !equalBytes(latest.root, checkpoint.root))
    return size(latest.size)
  const grown =
    latest === undefined || oldSize === 0
      ? proof.length === 0
      : verifyConsistency(oldSize, latest.root, checkpoint.size, checkpoint.root, proof)
  if (!grown) return plain(422, 'the consistency proof does not verify')
  if (!(await witness.memory.replace(checkpoint.origin, oldSize, checkpoint))) {
    return size((await witness.memory.latest(checkpoint.origin))?.size ?? 0)
  }
  const signature = await cosign(
    checkpoint.note.text,
    witness.name,
    witness.publicKey,
    witness.nowSeconds(),
    witness.sign,
  )
  return plain(200, formatSignatureLine(signature).trimEnd())
}
