import { Fault } from '#kernel'
import { parseKeys } from '../credentials/client-key.ts'
import { Problems } from '../values/problems.ts'
import { parseDisplayName } from '../values/text.ts'
import type { GrantType } from './application.ts'
import { isPlainHttps } from './oauth-settings.ts'
import { parseRedirectUris } from './uris.ts'
import '../faults.ts'

/** A client as its own document describes it. */
export interface DocumentClient {
  readonly name: string
  readonly authMethod: 'none' | 'private_key_jwt'
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly keys: readonly Record<string, unknown>[]
  readonly jwksUri: string | undefined
  readonly native: boolean
}

const grants = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'] as const

/**
 * Reads a client id metadata document: by the rules for applications, without any shared secret (draft §4.1).
 * @throws {Fault} `directory.invalid`
 */
export function readDocumentClient(status: number, text: string, address: string, nowMs: number): DocumentClient {
  const problems = new Problems()
  const wrong = (pointer: string, detail: string): never => {
    throw new Fault('directory.invalid', { detail: `${pointer} ${detail}` })
  }
  if (status !== 200) wrong('', `was answered by ${status}`)
  let document: Record<string, unknown> = {}
  try {
    document = JSON.parse(text)
  } catch {
    wrong('', 'is not JSON')
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) wrong('', 'is not a JSON object')
  if (document.client_id !== address) wrong('/client_id', 'must be the address of the document')
  for (const member of ['client_secret', 'client_secret_expires_at'])
    problems.check(!Object.hasOwn(document, member), `/${member}`, 'must not be there')
  const authMethod = document.token_endpoint_auth_method ?? 'none'
  if (authMethod !== 'none' && authMethod !== 'private_key_jwt')
    return wrong('/token_endpoint_auth_method', 'must be none or private_key_jwt')
  const redirectUris = texts(document.redirect_uris)
  if (redirectUris === undefined || redirectUris.length === 0) return wrong('/redirect_uris', 'must be addresses')
  parseRedirectUris(problems, '/redirect_uris', redirectUris, 'native')
  const asked = texts(document.grant_types) ?? ['authorization_code']
  const keys = (document.jwks as { keys?: unknown } | undefined)?.keys
  const parsed = Array.isArray(keys)
    ? parseKeys(
        problems,
        '/jwks/keys',
        keys.map((jwk) => ({ jwk })),
        [],
        nowMs,
      )
    : []
  const jwksUri = document.jwks_uri
  if (jwksUri !== undefined && (typeof jwksUri !== 'string' || !isPlainHttps(jwksUri)))
    return wrong('/jwks_uri', 'must be an https address')
  if (authMethod === 'private_key_jwt')
    problems.check(parsed.length > 0 !== (jwksUri !== undefined), '/jwks', 'must have keys, or jwks_uri, and not both')
  const name = parseDisplayName(problems, '/client_name', String(document.client_name ?? 'A program').slice(0, 100))
  problems.throwIfAny()
  return {
    name,
    authMethod,
    redirectUris,
    grantTypes: grants.filter((grant) => asked.includes(grant)),
    keys: parsed.map(({ jwk }) => ({ ...jwk })),
    jwksUri: authMethod === 'private_key_jwt' ? (jwksUri as string | undefined) : undefined,
    native: redirectUris.some((uri) => !uri.startsWith('https:')),
  }
}

function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.length <= 50 && value.every((one) => typeof one === 'string') ? value : undefined
}
