import { randomFillSync } from 'node:crypto'

/** Where randomness comes from; an argument everywhere. */
export interface Entropy {
  /** `length` bytes from the system's cryptographic generator. */
  bytes(length: number): Uint8Array
}

// Asking the generator costs more than what it gives: small wants are cut from four kilobytes, each byte once, wiped as it goes.
const pool = new Uint8Array(4_096)
let used = pool.length

export const systemEntropy: Entropy = {
  bytes: (length) => {
    if (length > 64) return randomFillSync(new Uint8Array(length))
    if (used + length > pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const bytes = pool.slice(used, used + length)
    pool.fill(0, used, used + length)
    used += length
    return bytes
  },
}

/** A token for a person or program to carry: `length` random bytes (default 32) as base64url without padding. */
export function randomToken(entropy: Entropy, length = 32): string {
  return Buffer.from(entropy.bytes(length)).toString('base64url')
}
