import { createPublicKey, type KeyObject } from 'node:crypto'
import { ExternalSigningKey } from 'oidc-provider'
import type { SigningAlgorithm } from '#keyring'
import { activeKeyOf, type PublicSigningKey, type Signer } from './signing.ts'

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
