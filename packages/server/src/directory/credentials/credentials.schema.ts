import { type Static, Type } from '#kernel'
import { closed, text, timeMs } from '../values/schema.ts'
import { keysMost } from './client-key.ts'
import type { CredentialNote } from './credential-notes.store.ts'
import type { Credentials } from './credentials.ts'

/** What a caller hands over of a public key. */
export const keyBody = closed({
  jwk: Type.Record(Type.String(), Type.Unknown(), { description: 'A public JWK (RFC 7517): EC, OKP or RSA' }),
  expiresAtMs: Type.Optional(timeMs),
})
export const keysBody = Type.Optional(Type.Array(keyBody, { maxItems: keysMost }))

const lastUsed = Type.Optional(Type.Integer({ description: 'Last use in milliseconds, to the quarter of an hour' }))
export const keyView = closed({
  kid: Type.String(),
  jwk: Type.Record(Type.String(), Type.Unknown()),
  registeredAtMs: timeMs,
  expiresAtMs: Type.Optional(timeMs),
  usedAtMs: lastUsed,
})

export const credentialsView = {
  secrets: Type.Array(
    closed({ id: Type.String(), issuedAtMs: timeMs, expiresAtMs: Type.Optional(timeMs), usedAtMs: lastUsed }),
    {
      description: 'Client secrets in force, without the secrets: only hashes are kept',
    },
  ),
  keys: Type.Array(keyView),
}

/** The credentials as anybody with the right to view may see them: no hashes. */
export function showCredentials(
  { secrets, keys }: Credentials,
  noteOf: (credentialId: string) => CredentialNote | undefined = () => undefined,
): {
  secrets: Static<typeof credentialsView.secrets>
  keys: Static<typeof credentialsView.keys>
} {
  const used = (id: string) => {
    const usedAtMs = noteOf(id)?.usedAtMs
    return usedAtMs === undefined ? {} : { usedAtMs }
  }
  return {
    secrets: secrets.map(({ id, issuedAtMs, expiresAtMs }) => ({
      id,
      issuedAtMs,
      ...(expiresAtMs !== undefined && { expiresAtMs }),
      ...used(id),
    })),
    keys: keys.map((key) => ({ ...key, jwk: { ...key.jwk }, ...used(key.kid) })),
  }
}

export const issueBody = Type.Union([
  closed({
    overlapSeconds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 30 * 86_400, description: 'How long the former secrets stay valid' }),
    ),
    validSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 10 * 366 * 86_400 })),
  }),
  Type.Null(),
])
export const issuedView = closed({
  clientId: Type.String(),
  secretId: Type.String(),
  secret: text(200, 'Shown this once'),
})
