import type { JsonWebKey } from 'node:crypto'

export const authMethods = [
  'none',
  'client_secret_basic',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
] as const
/** How a client proves itself at the token endpoint (OpenID Connect Core §9). */
export type AuthMethod = (typeof authMethods)[number]

/** A client secret that was issued: what is kept of it. */
export interface ClientSecretRecord {
  /** Public; names the secret in lists and events. */
  readonly id: string
  /** SHA-256 of the secret, base64url. The secret has 256 random bits, so that one round is enough. */
  readonly hash: string
  readonly issuedAtMs: number
  /** From when on it is refused; undefined: until it is revoked. */
  readonly expiresAtMs?: number
}

/** A public key that a client signs its assertions with (RFC 7523). */
export interface ClientKey {
  readonly kid: string
  readonly jwk: JsonWebKey & { readonly kid: string; readonly alg: string; readonly x5c?: readonly string[] }
  readonly registeredAtMs: number
  readonly expiresAtMs?: number
}

/** What makes a client of the token endpoint of an application or a machine. */
export interface Credentials {
  readonly authMethod: AuthMethod
  readonly secrets: readonly ClientSecretRecord[]
  readonly keys: readonly ClientKey[]
}

export const credentialIds = ({ credentials: { secrets, keys } }: { readonly credentials: Credentials }): string[] => [
  ...secrets.map(({ id }) => id),
  ...keys.map(({ kid }) => kid),
]

/** Secrets and keys that are valid now. Expired ones stay listed until replaced. */
export function validKeys(credentials: Credentials, nowMs: number): readonly ClientKey[] {
  return credentials.keys.filter((key) => key.expiresAtMs === undefined || nowMs < key.expiresAtMs)
}
