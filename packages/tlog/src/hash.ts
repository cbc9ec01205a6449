import { hash } from 'node:crypto'

/** SHA-256 output, 32 bytes. */
export const hashLength = 32

const scratch = Buffer.alloc(1 + 2 * hashLength)
scratch[0] = 1

/** MTH of an empty list (RFC 6962 §2.1). */
export const emptyRoot: Buffer = hash('sha256', '', 'buffer')

/** Hash of a leaf: SHA-256(0x00 ‖ entry) (RFC 6962 §2.1). */
export function leafHash(entry: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(entry.length + 1)
  prefixed[0] = 0
  prefixed.set(entry, 1)
  return hash('sha256', prefixed, 'buffer')
}

/** Hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  scratch.set(left, 1)
  scratch.set(right, 1 + hashLength)
  return hash('sha256', scratch, 'buffer')
}

/** Root of a complete subtree from its `2^k` hashes, laid end to end. */
export function rootOfComplete(hashes: Uint8Array): Buffer {
  let level = Buffer.from(hashes)
  while (level.length > hashLength) {
    const next = Buffer.allocUnsafe(level.length / 2)
    for (let at = 0; at < level.length; at += 2 * hashLength) {
      const left = level.subarray(at, at + hashLength)
      next.set(nodeHash(left, level.subarray(at + hashLength, at + 2 * hashLength)), at / 2)
    }
    level = next
  }
  return level
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
