import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { Fault } from '#kernel'
import './faults.ts'

const format = 1
const nonceLength = 12
const tagLength = 16
const headerLength = 5

/**
 * Encrypts with AES-256-GCM (NIST SP 800-38D). Layout: format byte 1, key version (uint32 big-endian), nonce (12), ciphertext,
 * tag (16). `bound` and the header are authenticated: what was sealed for one place does not open in another.
 * @param nonce 12 fresh random bytes; one key seals at most 2^32 messages
 */
export function sealWith(
  key: KeyObject,
  version: number,
  bound: string,
  plain: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  const header = Buffer.alloc(headerLength)
  header.writeUInt8(format, 0)
  header.writeUInt32BE(version, 1)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength })
  cipher.setAAD(Buffer.concat([header, Buffer.from(bound, 'utf8')]))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return new Uint8Array(Buffer.concat([header, nonce, body, cipher.getAuthTag()]))
}

/** The key version that `sealed` names. @throws {Fault} `keyring.sealed_invalid` */
export function versionOf(sealed: Uint8Array): number {
  if (sealed.length < headerLength + nonceLength + tagLength || sealed[0] !== format)
    throw new Fault('keyring.sealed_invalid')
  return Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength).readUInt32BE(1)
}

/** Opens what `sealWith` made with the same key and `bound`. @throws {Fault} `keyring.sealed_invalid` */
export function openWith(key: KeyObject, bound: string, sealed: Uint8Array): Uint8Array {
  versionOf(sealed)
  const header = sealed.subarray(0, headerLength)
  const nonce = sealed.subarray(headerLength, headerLength + nonceLength)
  const body = sealed.subarray(headerLength + nonceLength, sealed.length - tagLength)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength })
  decipher.setAAD(Buffer.concat([header, Buffer.from(bound, 'utf8')]))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagLength))
  try {
    return new Uint8Array(Buffer.concat([decipher.update(body), decipher.final()]))
  } catch (cause) {
    throw new Fault('keyring.sealed_invalid', { cause })
  }
}
