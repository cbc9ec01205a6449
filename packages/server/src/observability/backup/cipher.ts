import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  scrypt,
} from 'node:crypto'
import { type Entropy, Fault, Secret } from '#kernel'
import './faults.ts'

/** What opens a backup: a passphrase, or the X25519 key pair whose public half (base64url) it was sealed for. */
export type BackupKey = { readonly passphrase: Secret } | { readonly recipient: string }
export type BackupOpener = { readonly passphrase: Secret } | { readonly privateKey: Secret }

const chunkBytes = 64 * 1024
const cost = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 2 ** 20 }
const unreadable = (cause?: unknown) => new Fault('observability.backup_unreadable', { cause })

interface Header {
  readonly gatehouseBackup: 1
  readonly salt: string
  /** The sender's one-time X25519 public key, when sealed for a recipient. */
  readonly ephemeral?: string
}

/** A new pair for sealing backups: keep the private half away from the server. */
export function makeBackupRecipient(): { recipient: string; privateKey: Secret } {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const jwk = privateKey.export({ format: 'jwk' })
  return { recipient: String(publicKey.export({ format: 'jwk' }).x), privateKey: new Secret(`${jwk.x}.${jwk.d}`) }
}

/**
 * Seals a stream: a line of JSON, then chunks of at most 64 KiB, each a uint32 length and AES-256-GCM under a nonce that counts
 * and marks the last (the STREAM construction), so that nothing can be changed, left out, reordered or cut off.
 */
export async function* sealStream(
  plain: AsyncIterable<Uint8Array>,
  key: BackupKey,
  entropy: Entropy,
): AsyncGenerator<Buffer> {
  const salt = Buffer.from(entropy.bytes(16))
  let header: Header = { gatehouseBackup: 1, salt: salt.toString('base64url') }
  let secret: Buffer
  if ('passphrase' in key) secret = await fromPassphrase(key.passphrase, salt)
  else {
    const own = generateKeyPairSync('x25519')
    header = { ...header, ephemeral: String(own.publicKey.export({ format: 'jwk' }).x) }
    secret = agree(own.privateKey, publicOf(key.recipient), salt)
  }
  const line = Buffer.from(`${JSON.stringify(header)}\n`)
  yield line
  let counter = 0
  const seal = (chunk: Uint8Array, last: boolean) => {
    const cipher = createCipheriv('aes-256-gcm', secret, nonceOf(counter++, last))
    cipher.setAAD(line)
    const body = Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length)
    return Buffer.concat([length, body])
  }
  let waiting: Buffer = Buffer.alloc(0)
  for await (const part of plain) {
    waiting = Buffer.concat([waiting, part])
    while (waiting.length > chunkBytes) {
      yield seal(waiting.subarray(0, chunkBytes), false)
      waiting = waiting.subarray(chunkBytes)
    }
  }
  yield seal(waiting, true)
}

/** Opens what `sealStream` made. @throws {Fault} `observability.backup_unreadable` */
export async function* openStream(sealed: AsyncIterable<Uint8Array>, opener: BackupOpener): AsyncGenerator<Buffer> {
  let waiting: Buffer = Buffer.alloc(0)
  let line: Buffer | undefined
  let secret: Buffer = Buffer.alloc(0)
  let counter = 0
  let ended = false
  for await (const part of sealed) {
    waiting = Buffer.concat([waiting, part])
    if (line === undefined) {
      const end = waiting.indexOf(10)
      if (end === -1 && waiting.length < 4_096) continue
      line = waiting.subarray(0, end + 1)
      waiting = waiting.subarray(end + 1)
      secret = await secretOf(line, opener)
    }
    while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32BE()) {
      const length = waiting.readUInt32BE()
      if (ended || length < 16 || length > chunkBytes + 16) throw unreadable()
      const body = waiting.subarray(4, 4 + length)
      waiting = waiting.subarray(4 + length)
      const plain = openChunk(secret, line, body, counter, false) ?? openChunk(secret, line, body, counter, true)
      if (plain === undefined) throw unreadable()
      ended = openChunk(secret, line, body, counter, true) !== undefined
      counter++
      yield plain
    }
  }
  if (!ended || waiting.length > 0) throw unreadable()
}

function openChunk(secret: Buffer, line: Buffer, body: Buffer, counter: number, last: boolean): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', secret, nonceOf(counter, last))
  decipher.setAAD(line)
  decipher.setAuthTag(body.subarray(-16))
  try {
    return Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()])
  } catch {
    return undefined
  }
}

async function secretOf(line: Buffer, opener: BackupOpener): Promise<Buffer> {
  try {
    const header = JSON.parse(line.toString('utf8')) as Header
    if (header.gatehouseBackup !== 1) throw unreadable()
    const salt = Buffer.from(header.salt, 'base64url')
    if ('passphrase' in opener) return await fromPassphrase(opener.passphrase, salt)
    const [x, d] = opener.privateKey.reveal().split('.')
    const own = createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', x, d }, format: 'jwk' } as never)
    return agree(own, publicOf(header.ephemeral ?? ''), salt)
  } catch (cause) {
    throw unreadable(cause)
  }
}

function nonceOf(counter: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(counter, 7)
  nonce.writeUInt8(last ? 1 : 0, 11)
  return nonce
}

const fromPassphrase = (passphrase: Secret, salt: Buffer) =>
  new Promise<Buffer>((resolve, reject) =>
    scrypt(passphrase.reveal(), salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key))),
  )

function publicOf(x: string) {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' } as never)
  } catch (cause) {
    throw new Fault('observability.backup_key_missing', { cause, detail: 'The recipient is not an X25519 public key' })
  }
}

function agree(
  privateKey: ReturnType<typeof createPrivateKey>,
  publicKey: ReturnType<typeof publicOf>,
  salt: Buffer,
): Buffer {
  const shared = diffieHellman({ privateKey, publicKey })
  return Buffer.from(hkdfSync('sha256', shared, salt, 'gatehouse backup', 32))
}
