import type { AuthMethod } from '../credentials/credentials.ts'
import type { Problems } from '../values/problems.ts'

export const oauthProfiles = ['standard', 'fapi2', 'fapi2-message-signing'] as const
/** A named set of rules: FAPI 2.0 Security Profile, and with it FAPI 2.0 Message Signing. */
export type OAuthProfile = (typeof oauthProfiles)[number]
export const switches = ['off', 'allowed', 'required'] as const
export type Switch = (typeof switches)[number]
export const responseModes = [
  'query',
  'fragment',
  'form_post',
  'query.jwt',
  'fragment.jwt',
  'form_post.jwt',
  'jwt',
] as const
export type ResponseMode = (typeof responseModes)[number]
export const tokenAlgorithms = ['ES256', 'RS256'] as const
export type TokenAlgorithm = (typeof tokenAlgorithms)[number]
export const certificateNames = ['subjectDn', 'sanDns', 'sanUri', 'sanIp', 'sanEmail'] as const
/** Which name of a certificate stands for the client (RFC 8705 §2.1.2). */
export type CertificateName = (typeof certificateNames)[number]

/** How an application speaks OAuth and OpenID Connect. Whatever is left out is safe and off, but for what costs nothing. */
export interface OAuthSettings {
  readonly profile: OAuthProfile
  /**
   * Proof keys for codes (RFC 7636, S256 alone). `optional` is for a confidential application whose library cannot: its codes are
   * protected by its own authentication, and by the `nonce` that it sends and checks (RFC 9700 §2.1.1). One that comes is always checked.
   */
  readonly pkce: 'required' | 'optional'
  /** Tokens bound to a key of the client (RFC 9449): `allowed` binds those whose request carries a proof. */
  readonly dpop: Switch
  /** Whether its proofs must carry a nonce of ours (RFC 9449 §8). */
  readonly dpopNonce: boolean
  /** Tokens bound to the client's certificate (RFC 8705 §3). */
  readonly certificateBoundTokens: boolean
  /** Authorization requests that come from the application itself (RFC 9126). */
  readonly pushedRequests: 'allowed' | 'required'
  /** Authorization requests that the application has signed (RFC 9101). */
  readonly signedRequests: Switch
  readonly responseModes: readonly ResponseMode[]
  readonly idTokenAlgorithm: TokenAlgorithm
  /** What access tokens for it are signed by: RS256 for whoever can check nothing else. */
  readonly accessTokenAlgorithm: TokenAlgorithm
  /** Whether access tokens for it name their place in a status list, for whoever checks them there (Token Status List). */
  readonly statusList: boolean
  /** Whether userinfo is answered as a signed JWT. */
  readonly signedUserinfo: boolean
  /** Types of `authorization_details` that it may ask for (RFC 9396). */
  readonly authorizationDetailTypes: readonly string[]
  /** Weakest sign-in that is enough when a request names none (OpenID Connect Registration §2). */
  readonly defaultAcr?: string
  readonly defaultMaxAgeSeconds?: number
  /** Where its public keys are, instead of `keys`. */
  readonly jwksUri?: string
  /** Where it is told that a session has ended (OpenID Connect Back-Channel Logout). */
  readonly backchannelLogoutUri?: string
  readonly backchannelLogoutSession: boolean
  /** How it learns that a person has answered (OpenID Connect CIBA §5): it asks, or is told to ask. */
  readonly cibaDelivery: 'poll' | 'ping'
  readonly cibaNotificationUri?: string
  /** The name that its certificate must have with `tls_client_auth`. */
  readonly certificateSubject?: { readonly name: CertificateName; readonly value: string }
}

export const defaultOAuth: OAuthSettings = {
  profile: 'standard',
  pkce: 'required',
  dpop: 'allowed',
  dpopNonce: false,
  certificateBoundTokens: false,
  pushedRequests: 'allowed',
  signedRequests: 'off',
  responseModes: ['query', 'fragment', 'form_post'],
  idTokenAlgorithm: 'ES256',
  accessTokenAlgorithm: 'ES256',
  statusList: false,
  signedUserinfo: false,
  authorizationDetailTypes: [],
  backchannelLogoutSession: false,
  cibaDelivery: 'poll',
}

/** A change of them: null takes an optional one away. */
export type OAuthChange = { readonly [K in keyof OAuthSettings]?: OAuthSettings[K] | null | undefined }

export function changeOAuth(before: OAuthSettings, change: OAuthChange | undefined): OAuthSettings {
  const merged: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(change ?? {})) {
    if (value === undefined) continue
    if (value !== null) merged[name] = value
    else if (name in defaultOAuth) merged[name] = defaultOAuth[name as keyof OAuthSettings]
    else delete merged[name]
  }
  return merged as unknown as OAuthSettings
}

const strongAuthentication = new Set<AuthMethod>(['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'])

/** Checks the settings by themselves and with how the application proves itself. */
export function parseOAuth(problems: Problems, pointer: string, oauth: OAuthSettings, authMethod: AuthMethod): void {
  const at = (name: keyof OAuthSettings) => `${pointer}/${name}`
  for (const name of ['jwksUri', 'backchannelLogoutUri', 'cibaNotificationUri'] as const) {
    const given = oauth[name]
    if (given !== undefined) problems.check(isPlainHttps(given), at(name), 'must be an https address without fragment')
  }
  problems.check(oauth.responseModes.length > 0, at('responseModes'), 'must have at least one item')
  problems.check(
    !oauth.certificateBoundTokens || oauth.dpop !== 'required',
    at('dpop'),
    'must not be required where tokens are bound to a certificate: one way at a time',
  )
  for (const [index, type] of oauth.authorizationDetailTypes.entries())
    problems.check(
      /^[\x21-\x7e]{1,128}$/.test(type),
      `${at('authorizationDetailTypes')}/${index}`,
      'must be visible ASCII',
    )
  problems.check(
    oauth.cibaDelivery !== 'ping' || oauth.cibaNotificationUri !== undefined,
    at('cibaNotificationUri'),
    'must be given where cibaDelivery is ping',
  )
  problems.check(
    authMethod !== 'tls_client_auth' || oauth.certificateSubject !== undefined,
    at('certificateSubject'),
    'must be given with tls_client_auth',
  )
  problems.check(
    oauth.pkce === 'required' || authMethod !== 'none',
    at('pkce'),
    'must be required of an application that keeps no secret',
  )
  if (oauth.profile === 'standard') return
  problems.check(oauth.pkce === 'required', at('pkce'), `must be required with ${oauth.profile}`)
  problems.check(
    strongAuthentication.has(authMethod),
    '/authMethod',
    `must be private_key_jwt or mutual TLS with ${oauth.profile}`,
  )
  problems.check(
    oauth.certificateBoundTokens || oauth.dpop !== 'off',
    at('dpop'),
    `must not be off with ${oauth.profile} unless tokens are bound to a certificate`,
  )
}

/** Plain http only where nobody else can be meant: a name of this machine. Whether it may be reached is asked at each request. */
export function isPlainHttps(text: string): boolean {
  const url = text.length <= 2_048 && !/[^\x21-\x7e]/.test(text) ? URL.parse(text) : null
  if (url === null || url.hash !== '' || text.includes('#') || url.username !== '' || url.password !== '') return false
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname))
  )
}
