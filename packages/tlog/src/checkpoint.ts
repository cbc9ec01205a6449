import { TlogError } from './error.ts'
import { type Ed25519Sign, formatNote, type Note, parseNote, signText, type VerifierKey, verifyNote } from './note.ts'

/** A tree head: origin, size, root (C2SP tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Buffer
}

export interface SignedCheckpoint extends Checkpoint {
  readonly note: Note
}

export function formatCheckpointText(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root.toString('base64')}\n`
}

/** @throws {TlogError} `malformed` */
export function parseCheckpointText(text: string): Checkpoint {
  const lines = text.split('\n')
  const [origin, size, root] = lines
  const bytes = Buffer.from(root ?? '', 'base64')
  const extensionsFilled = lines.slice(3, -1).every((line) => line !== '')
  if (
    !origin ||
    !/^(0|[1-9]\d{0,15})$/.test(size ?? '') ||
    bytes.length !== 32 ||
    bytes.toString('base64') !== root ||
    !extensionsFilled
  ) {
    throw new TlogError('malformed', 'not a checkpoint (origin, size, root hash)')
  }
  if (!Number.isSafeInteger(Number(size))) throw new TlogError('malformed', 'the checkpoint has a size beyond 2^53')
  return { origin, size: Number(size), root: bytes }
}

/** Signs a tree head in the log's own name. The origin is the key's name. */
export async function signCheckpoint(
  checkpoint: Checkpoint,
  publicKey: Uint8Array,
  signer: Ed25519Sign,
): Promise<SignedCheckpoint> {
  const text = formatCheckpointText(checkpoint)
  const signature = await signText(text, checkpoint.origin, publicKey, signer)
  return { ...checkpoint, note: { text, signatures: [signature] } }
}

export function formatCheckpoint(checkpoint: SignedCheckpoint): string {
  return formatNote(checkpoint.note)
}

/**
 * Reads a signed checkpoint and verifies it by the log's key; cosignatures stay in its note.
 * @throws {TlogError} `malformed`, `forged`, `unsigned`, also when the origin is not the key's name
 */
export function openCheckpoint(text: string, logKey: VerifierKey): SignedCheckpoint {
  const note = parseNote(text)
  verifyNote(note, [logKey])
  const checkpoint = parseCheckpointText(note.text)
  if (checkpoint.origin !== logKey.name) {
    throw new TlogError('unsigned', `the checkpoint is of ${checkpoint.origin}, the key of ${logKey.name}`)
  }
  return { ...checkpoint, note }
}
