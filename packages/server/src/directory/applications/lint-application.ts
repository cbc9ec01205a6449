import type { Application } from './application.ts'

/** Something about an application that is allowed and unwise, and what to do about it. */
export interface Finding {
  readonly rule: string
  /** JSON pointer into the application. */
  readonly pointer: string
  readonly says: string
  readonly fix: string
}

const day = 86_400_000
const staleAfterMs = 365 * day

/** Looks for what the rules of registration allow and what should not stay so (RFC 9700). Pure. */
export function lintApplication(application: Application, nowMs: number): Finding[] {
  const found: Finding[] = []
  const { redirectUris, postLogoutRedirectUris, grantTypes, credentials, scopes, tokenLifetimes, kind, oauth } =
    application
  const add = (rule: string, pointer: string, says: string, fix: string) => found.push({ rule, pointer, says, fix })
  for (const [name, uris] of Object.entries({ redirectUris, postLogoutRedirectUris }))
    for (const [at, uri] of uris.entries()) {
      const url = URL.parse(uri)
      const place = `/${name}/${at}`
      if (uri.includes('*')) add('wildcard-redirect', place, `${uri} has a wildcard`, 'Register each address in full')
      if (url?.protocol === 'http:' && kind !== 'native')
        add('plain-redirect', place, `${uri} is plain http`, 'Use https; leave loopback to development')
    }
  if (grantTypes.includes('authorization_code') && redirectUris.length === 0)
    add(
      'no-redirect',
      '/redirectUris',
      'People cannot sign in to it',
      'Register where they come back to, or make it a service',
    )
  if (oauth.pkce === 'optional' && grantTypes.includes('authorization_code'))
    add(
      'no-pkce',
      '/oauth/pkce',
      'Its codes need no proof key: one that is led astray is held by the secret alone',
      'Have its library send code_challenge (S256), and set pkce to required',
    )
  if (credentials.authMethod === 'none' && credentials.secrets.length + credentials.keys.length > 0)
    add('public-with-secret', '/authMethod', 'It is public and has secrets or keys', 'Revoke them, or have it use them')
  if (credentials.authMethod === 'client_secret_basic')
    for (const { id, issuedAtMs, expiresAtMs } of credentials.secrets) {
      if (expiresAtMs !== undefined && expiresAtMs <= nowMs) continue
      const age = Math.floor((nowMs - issuedAtMs) / day)
      if (nowMs - issuedAtMs > staleAfterMs)
        add(
          'stale-secret',
          '/secrets',
          `The secret ${id} is ${age} days old`,
          'Issue a new one with an overlap, or use private_key_jwt',
        )
      else if (expiresAtMs === undefined)
        add('endless-secret', '/secrets', `The secret ${id} has no end`, 'Issue the next one with validSeconds')
    }
  if (scopes.length > 20)
    add('broad-scopes', '/scopes', `It may ask for ${scopes.length} scopes`, 'Keep those that it uses')
  if (scopes.includes('offline_access') && !grantTypes.includes('refresh_token'))
    add('unused-scope', '/scopes', 'offline_access does nothing without refresh tokens', 'Take the scope away')
  if (kind === 'service' && scopes.some((scope) => ['openid', 'profile', 'email'].includes(scope)))
    add('unused-scope', '/scopes', 'A service has no people: openid, profile and email do nothing', 'Take them away')
  if (tokenLifetimes.accessTokenSeconds > 900)
    add(
      'long-access-token',
      '/tokenLifetimes/accessTokenSeconds',
      `Access tokens live ${tokenLifetimes.accessTokenSeconds} s`,
      'Let them live 900 s or less; renewing costs one request',
    )
  if (tokenLifetimes.refreshTokenSeconds > 90 * 86_400)
    add(
      'long-refresh-token',
      '/tokenLifetimes/refreshTokenSeconds',
      `Refresh tokens live ${Math.floor(tokenLifetimes.refreshTokenSeconds / 86_400)} days without use`,
      'Let them live 90 days or less',
    )
  return found
}
