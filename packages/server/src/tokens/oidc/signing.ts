import { isFault } from '#kernel'
import type { SigningAlgorithm } from '#keyring'

/** A public signing key, as the keyring publishes it. */
export interface PublicSigningKey {
  readonly kid: string
  readonly alg: string
  readonly kty: string
}

/** What tokens need of the keyring. */
export interface Signer {
  signingKeys(): readonly PublicSigningKey[]
  /** @throws {Fault} `keyring.no_active_key` */
  activeKey(algorithm: SigningAlgorithm): PublicSigningKey
  /** A JWS signature (RFC 7518 §3). */
  sign(kid: string, data: Uint8Array): Uint8Array
  /** False also for an unknown or retired key. */
  verify(kid: string, data: Uint8Array, signature: Uint8Array): boolean
  onChange(listener: () => void): () => void
}

/** The algorithm that was chosen, or the usual one for the moment until a key of it signs: a change is never in anybody's way. */
export const readyAlgorithm = <A extends SigningAlgorithm>(signer: Signer, chosen: A): A | 'ES256' =>
  activeKeyOf(signer, chosen) === undefined ? 'ES256' : chosen

/** Undefined while the first key of an algorithm is announced and does not sign yet. */
export function activeKeyOf(signer: Signer, algorithm: SigningAlgorithm): PublicSigningKey | undefined {
  try {
    return signer.activeKey(algorithm)
  } catch (error) {
    if (isFault(error) && error.code === 'keyring.no_active_key') return undefined
    throw error
  }
}
