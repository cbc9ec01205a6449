import type { KeyObject } from 'node:crypto'
import type { SigningAlgorithm } from '../signing-key.store.ts'

/** Which PKCS#11 token keeps the private signing keys. */
export interface SigningTokenOptions {
  /** The module: a shared library as the maker of the token gives it. */
  readonly module: string
  /** The token's label. */
  readonly label: string
  /** Holds the user's PIN; read at the start. */
  readonly pinFile: string
}

/** A device, or a program that stands in for one, in which private keys are made and stay. */
export interface SigningToken {
  /** Makes a key pair that signs and cannot be taken out. @returns its name in the token, hexadecimal */
  generate(algorithm: SigningAlgorithm): { readonly id: string; readonly publicKey: KeyObject }
  /** A JWS signature (RFC 7518 §3). @throws {Fault} `keyring.token_unavailable`, `keyring.key_unknown` */
  sign(id: string, algorithm: SigningAlgorithm, data: Uint8Array): Uint8Array
  /** Deletes the pair; one that is gone already is no error. */
  destroy(id: string): void
  close(): void
}
