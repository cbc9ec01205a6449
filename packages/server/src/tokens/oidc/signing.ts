import { createPublicKey, type KeyObject } from 'node:crypto'
import { ExternalSigningKey } from 'oidc-provider'
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

/** A key that signs inside the keyring: the provider sees its public half only. */
class KeyringKey extends ExternalSigningKey {
  readonly #signer: Signer
  readonly #public: KeyObject
  readonly #named: PublicSigningKey

  constructor(signer: Signer, key: PublicSigningKey) {
    super()
    this.#signer = signer
    this.#named = key
    this.#public = createPublicKey({ key: { ...key }, format: 'jwk' })
  }

  override get kid(): string {
    return this.#named.kid
  }

  override get alg(): string {
    return this.#named.alg
  }

  override keyObject(): KeyObject {
    return this.#public
  }

  override async sign(data: Uint8Array): Promise<Uint8Array> {
    return this.#signer.sign(this.#named.kid, data)
  }
}

/** The provider's key set: the active key first, since it takes the first that fits; then what is announced or retiring. */
export function keySetOf(signer: Signer): { keys: ExternalSigningKey[] } {
  const keys = signer.signingKeys()
  const active = [...new Set(keys.map(({ alg }) => alg))]
    .map((alg) => activeKeyOf(signer, alg as SigningAlgorithm))
    .filter((key) => key !== undefined)
  const others = keys.filter((key) => !active.some(({ kid }) => kid === key.kid))
  return { keys: [...active, ...others].map((key) => new KeyringKey(signer, key)) }
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
