import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { TlogError } from './error.ts'

/** Signature types of signed notes (C2SP signed-note): a log's own Ed25519, a witness's timestamped Ed25519. */
export const noteAlgorithm = { ed25519: 0x01, cosignature: 0x04 } as const

const noteMost = 256 * 1024
const signaturesMost = 64
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

export interface NoteSignature {
  readonly name: string
  /** Key id, 4 bytes as an unsigned integer. */
  readonly id: number
  readonly bytes: Buffer
}

export interface Note {
  /** The signed text, its final newline included. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** A key that checks notes: from a verifier key string, as in `example.com/log+8b7a…+AX…`. */
export interface VerifierKey {
  readonly name: string
  readonly id: number
  readonly algorithm: number
  readonly key: KeyObject
  /** 32 raw bytes. */
  readonly raw: Buffer
}

/** SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4] as an unsigned integer (C2SP signed-note, "Signatures"). */
export function keyId(name: string, algorithm: number, publicKey: Uint8Array): number {
  const digest = createHash('sha256').update(name).update(Uint8Array.of(0x0a, algorithm)).update(publicKey).digest()
  return digest.readUInt32BE(0)
}

/** The 32 raw bytes of an Ed25519 public key. */
export function rawEd25519(key: KeyObject): Buffer {
  const open = key.type === 'private' ? createPublicKey(key as never) : key
  return Buffer.from(open.export({ format: 'der', type: 'spki' }).subarray(-32))
}

export function formatVerifierKey(name: string, algorithm: number, publicKey: Uint8Array): string {
  requireKeyName(name)
  const id = keyId(name, algorithm, publicKey).toString(16).padStart(8, '0')
  return `${name}+${id}+${Buffer.concat([Uint8Array.of(algorithm), publicKey]).toString('base64')}`
}

/** @throws {TlogError} `malformed`, also when the id is not the key's */
export function parseVerifierKey(text: string): VerifierKey {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/u.exec(text)
  const bytes = match && Buffer.from(match[3] as string, 'base64')
  if (!match || bytes?.length !== 33) throw new TlogError('malformed', 'not a verifier key (name+id+base64)')
  const [algorithm, raw, name] = [bytes[0] as number, bytes.subarray(1), match[1] as string]
  if (algorithm !== noteAlgorithm.ed25519 && algorithm !== noteAlgorithm.cosignature) {
    throw new TlogError('malformed', `signature type ${algorithm} is not known here`)
  }
  const id = Number.parseInt(match[2] as string, 16)
  if (id !== keyId(name, algorithm, raw))
    throw new TlogError('malformed', 'the verifier key carries another id than its key has')
  const key = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' })
  return { name, id, algorithm, key, raw }
}

/** @throws {TlogError} `malformed` */
export function parseNote(text: string): Note {
  const wrong = (why: string) => new TlogError('malformed', `not a signed note: ${why}`)
  if (text.length > noteMost) throw wrong('too long')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the specification forbids them
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) throw wrong('a control character')
  const split = text.lastIndexOf('\n\n')
  if (split < 0 || !text.endsWith('\n')) throw wrong('no blank line before the signatures')
  const lines = text.slice(split + 2, -1).split('\n')
  if (lines.length > signaturesMost) throw wrong(`more than ${signaturesMost} signatures`)
  return { text: text.slice(0, split + 1), signatures: lines.map(parseSignatureLine) }
}

/** @throws {TlogError} `malformed` */
export function parseSignatureLine(line: string): NoteSignature {
  const match = /^— ([^+\s]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line)
  const bytes = match && Buffer.from(match[2] as string, 'base64')
  if (!match || !bytes || bytes.length < 5 || bytes.toString('base64') !== match[2]) {
    throw new TlogError('malformed', 'not a signature line of a note')
  }
  return { name: match[1] as string, id: bytes.readUInt32BE(0), bytes: bytes.subarray(4) }
}

export function formatSignatureLine(signature: NoteSignature): string {
  const id = Buffer.alloc(4)
  id.writeUInt32BE(signature.id)
  return `— ${signature.name} ${Buffer.concat([id, signature.bytes]).toString('base64')}\n`
}

export function formatNote(note: Note): string {
  return `${note.text}\n${note.signatures.map(formatSignatureLine).join('')}`
}

/** Signs with raw bytes in and out, so that the key may live elsewhere. */
export type Ed25519Sign = (message: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** An `Ed25519Sign` with a key at hand. */
export function signWith(key: KeyObject): Ed25519Sign {
  return (message) => sign(null, message, key)
}

/** A log's own signature (type 0x01) over a note's text. */
export async function signText(
  text: string,
  name: string,
  publicKey: Uint8Array,
  signer: Ed25519Sign,
): Promise<NoteSignature> {
  requireKeyName(name)
  const bytes = Buffer.from(await signer(Buffer.from(text)))
  return { name, id: keyId(name, noteAlgorithm.ed25519, publicKey), bytes }
}

/**
 * The signatures of known keys, each verified.
 * @throws {TlogError} `forged` when one of a known key does not verify, `unsigned` when there is none of a known key
 */
export function verifyNote(
  note: Note,
  keys: readonly VerifierKey[],
): { key: VerifierKey; atSeconds: number | undefined }[] {
  const good: { key: VerifierKey; atSeconds: number | undefined }[] = []
  for (const signature of note.signatures) {
    const key = keys.find((known) => known.name === signature.name && known.id === signature.id)
    if (key === undefined || good.some((found) => found.key === key)) continue
    const checked = checkSignature(note.text, signature, key)
    if (checked === undefined) throw new TlogError('forged', `the signature of ${key.name} does not verify`)
    good.push({ key, atSeconds: checked.atSeconds })
  }
  if (good.length === 0) throw new TlogError('unsigned', 'no signature by a trusted key')
  return good
}

function checkSignature(
  text: string,
  signature: NoteSignature,
  key: VerifierKey,
): { atSeconds: number | undefined } | undefined {
  if (key.algorithm === noteAlgorithm.ed25519) {
    return verify(null, Buffer.from(text), key.key, signature.bytes) ? { atSeconds: undefined } : undefined
  }
  if (signature.bytes.length !== 72) return undefined
  const seconds = signature.bytes.readBigUInt64BE(0)
  const message = cosignedMessage(text, seconds)
  return verify(null, message, key.key, signature.bytes.subarray(8)) ? { atSeconds: Number(seconds) } : undefined
}

/** What a witness signs (C2SP tlog-cosignature, "Ed25519 signed message"). */
export function cosignedMessage(text: string, atSeconds: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${atSeconds}\n${text}`)
}

/** A witness's timestamped signature (type 0x04). */
export async function cosign(
  text: string,
  name: string,
  publicKey: Uint8Array,
  atSeconds: number,
  signer: Ed25519Sign,
): Promise<NoteSignature> {
  requireKeyName(name)
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(BigInt(atSeconds))
  const bytes = Buffer.concat([time, await signer(cosignedMessage(text, BigInt(atSeconds)))])
  return { name, id: keyId(name, noteAlgorithm.cosignature, publicKey), bytes }
}

function requireKeyName(name: string): void {
  if (!/^[^+\s]+$/u.test(name)) throw new TypeError('a key name has no spaces and no plus, and is not empty')
}
