import { keysMost, parseKeys } from '../credentials/client-key.ts'
import { parseLifetime, parseScopes } from '../values/client.ts'
import { Problems } from '../values/problems.ts'
import { parseDisplayName, parseSlug } from '../values/text.ts'
import type { Application, ApplicationChange, GrantType, TokenLifetimes } from './application.ts'
import { changeOAuth, parseOAuth } from './oauth-settings.ts'
import { parseRoutes } from './routes.ts'
import { parseOrigins, parseRedirectUris } from './uris.ts'

const lifetimes: Record<keyof TokenLifetimes, readonly [number, number]> = {
  accessTokenSeconds: [30, 3_600],
  refreshTokenSeconds: [300, 365 * 86_400],
  idTokenSeconds: [30, 86_400],
}

/**
 * The application as it is after a change: members that are given replace what was, each checked and normalised, and the
 * whole checked for what does not go together.
 * @throws {Fault} `directory.invalid`
 */
export function applyChange(before: Application, change: ApplicationChange, nowMs: number): Application {
  const problems = new Problems()
  const { authMethod, keys, tokenLifetimes, oauth, ...rest } = change
  const after: Application = {
    ...before,
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    credentials: {
      ...before.credentials,
      ...(authMethod !== undefined && { authMethod }),
      // Whoever leaves secrets leaves the old ones for good.
      ...(authMethod !== undefined && authMethod !== 'client_secret_basic' && { secrets: [] }),
      ...(keys !== undefined && { keys: parseKeys(problems, '/keys', keys, before.credentials.keys, nowMs) }),
    },
    tokenLifetimes: { ...before.tokenLifetimes, ...tokenLifetimes },
    oauth: changeOAuth(before.oauth, oauth),
  }
  if (change.name !== undefined) parseSlug(problems, '/name', change.name)
  const displayName = parseDisplayName(problems, '/displayName', after.displayName)
  const { kind } = before
  parseRedirectUris(problems, '/redirectUris', after.redirectUris, kind)
  parseRedirectUris(problems, '/postLogoutRedirectUris', after.postLogoutRedirectUris, kind)
  parseOrigins(problems, '/origins', after.origins)
  parseRoutes(problems, '/routes', after.routes)
  parseScopes(problems, '/scopes', after.scopes)
  for (const name of Object.keys(lifetimes) as (keyof TokenLifetimes)[])
    parseLifetime(problems, `/tokenLifetimes/${name}`, after.tokenLifetimes[name], lifetimes[name])
  parseOAuth(problems, '/oauth', after.oauth, after.credentials.authMethod)
  checkWhole(problems, after)
  problems.throwIfAny()
  return { ...after, displayName }
}

const peoplesGrants = new Set<GrantType>([
  'authorization_code',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:openid:params:grant-type:ciba',
])

/** What each kind may be: a native application keeps no secret (RFC 8252 §8.5), a service meets no people. */
function checkWhole(problems: Problems, { kind, grantTypes, credentials, ...rest }: Application): void {
  const { authMethod, keys } = credentials
  const people = grantTypes.some((grant) => peoplesGrants.has(grant))
  problems.check(grantTypes.length > 0, '/grantTypes', 'must have at least one item')
  problems.check(new Set(grantTypes).size === grantTypes.length, '/grantTypes', 'must have no item twice')
  problems.check(
    people || !grantTypes.includes('refresh_token'),
    '/grantTypes',
    'has refresh_token only with a grant for people',
  )
  if (grantTypes.includes('client_credentials')) {
    problems.check(authMethod !== 'none', '/authMethod', 'must not be none with client_credentials')
  }
  if (kind === 'native') problems.check(authMethod === 'none', '/authMethod', 'must be none for a native application')
  if (kind === 'service') {
    problems.check(authMethod !== 'none', '/authMethod', 'must not be none for a service')
    problems.check(!people, '/grantTypes', 'must be client_credentials alone for a service')
    problems.check(rest.redirectUris.length === 0, '/redirectUris', 'must be empty for a service')
  }
  if (grantTypes.includes('urn:openid:params:grant-type:ciba'))
    problems.check(authMethod !== 'none', '/authMethod', 'must not be none with CIBA (OpenID Connect CIBA 7.1)')
  if (authMethod === 'private_key_jwt' || authMethod === 'self_signed_tls_client_auth') {
    const known = keys.length > 0 || rest.oauth.jwksUri !== undefined
    problems.check(known, '/keys', `must have 1 to ${keysMost} items with ${authMethod}`)
    problems.check(
      keys.length === 0 || rest.oauth.jwksUri === undefined,
      '/oauth/jwksUri',
      'must not stand beside keys',
    )
  }
  if (authMethod === 'self_signed_tls_client_auth' && rest.oauth.jwksUri === undefined)
    problems.check(
      keys.every((key) => key.jwk.x5c !== undefined),
      '/keys',
      'must each have a certificate of their own (x5c)',
    )
}
