import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type Entropy, Secret } from '#kernel'

/**
 * An API key as its holder has it: `ghkey_`, 43 letters and digits that hold 256 random bits, and six that are the CRC-32 of those 43.
 * Secret scanners find it by `ghkey_[0-9A-Za-z]{49}` and tell a real one from a made-up one by the checksum, without asking.
 */
export const apiKeyPrefix = 'ghkey_'
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const bodyLength = 43
const checkLength = 6
const shape = /^ghkey_[0-9A-Za-z]{49}$/

function encode(value: bigint, length: number): string {
  let text = ''
  for (let left = value; text.length < length; left /= 62n) text = alphabet[Number(left % 62n)] + text
  return text
}

const checksumOf = (body: string): string => encode(BigInt(crc32(body)), checkLength)

export function makeApiKey(entropy: Entropy): Secret {
  const body = encode(BigInt(`0x${Buffer.from(entropy.bytes(32)).toString('hex')}`), bodyLength)
  return new Secret(`${apiKeyPrefix}${body}${checksumOf(body)}`)
}

/** Whether the text can be an API key at all: its form and its checksum are right. Says nothing about existence. */
export function isApiKeyShaped(text: string): boolean {
  if (!shape.test(text)) return false
  const end = apiKeyPrefix.length + bodyLength
  return checksumOf(text.slice(apiKeyPrefix.length, end)) === text.slice(end)
}

/** What is kept of a key: SHA-256, base64url. It has 256 random bits, so that one round is enough. */
export const hashOfApiKey = (text: string): string => hash('sha256', text, 'base64url')
