import { randomFillSync } from 'node:crypto'

/** Where randomness comes from; an argument everywhere. */
export interface Entropy {
  /** `length` bytes from the system's cryptographic generator. */
  bytes(length: number): Uint8Array
}

export const systemEntropy: Entropy = { bytes: (length) => randomFillSync(new Uint8Array(length)) }

/** A token for a person or program to carry: `length` random bytes (default 32) as base64url without padding. */
export function randomToken(entropy: Entropy, length = 32): string {
  return Buffer.from(entropy.bytes(length)).toString('base64url')
}
