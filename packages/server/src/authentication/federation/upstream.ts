import { createHash } from 'node:crypto'
import type * as oauth from 'oauth4webapi'
import type { Provider } from '#directory'
import { type Clock, type Entropy, isFault, randomToken, systemClock } from '#kernel'
import type { Keyring } from '#keyring'
import type { Storage } from '#storage'
import type { IssuerKeys, Outgoing } from '#web'
import type { FederationOutcome } from './health.ts'
import { findProviderSecret } from './provider-secret.ts'

export interface UpstreamDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly keyring: Pick<Keyring, 'seal' | 'unseal' | 'sign' | 'activeKey'>
  readonly outgoing: Pick<Outgoing, 'send'>
  readonly issuers: Pick<IssuerKeys, 'documentOf' | 'keysOf' | 'stateOf'>
  readonly url: string
}

/** Why a provider could not say who somebody is. The message is for administrators and names no person. */
export class UpstreamProblem extends Error {
  readonly outcome: Extract<FederationOutcome, 'unreachable' | 'invalid' | 'refused'>
  constructor(outcome: UpstreamProblem['outcome'], says: string, cause?: unknown) {
    super(says, { cause })
    this.name = 'UpstreamProblem'
    this.outcome = outcome
  }
}

/** What a provider says of somebody, checked. */
export interface Assertion {
  readonly subject: string
  readonly acr: string | undefined
  readonly amr: readonly string[]
  /** Of the session there. */
  readonly sid: string | undefined
  /** When the person was asked there, where it says so. */
  readonly askedAtMs: number | undefined
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly name: string | undefined
}

export interface Way {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  /** Whether the provider must ask the person now, whatever session it has. */
  readonly fresh: boolean
}

/** Public-key algorithms only: with a symmetric one, whoever knows the client's secret could say who anybody is. */
export const idTokenAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
]
const skewSeconds = 60
/** An ID token comes straight from the token endpoint: an old one is another's. */
const oldestSeconds = 10 * 60
/** How long ago the provider may have asked the person, where that must be now. */
const freshSeconds = 60
const answerBytes = 256 * 1024

export const callbackOf = (url: string, provider: Pick<Provider, 'id'>): string =>
  `${url}/sign-in/federated/${provider.id}`

/** Gatehouse as a relying party (OpenID Connect Core §3.1, RFC 9700): code flow with PKCE, state, nonce and `iss`. */
export class Upstream {
  readonly #deps: UpstreamDeps
  constructor(deps: UpstreamDeps) {
    this.#deps = deps
  }

  /** Where the browser goes. @throws {UpstreamProblem} */
  async addressOf(
    provider: Provider,
    way: Way,
    hints: { readonly login?: string | undefined; readonly language: string },
  ): Promise<string> {
    const { authorization_endpoint } = await this.metadataOf(provider)
    const address = new URL(authorization_endpoint as string)
    const parameters = {
      response_type: 'code',
      client_id: provider.clientId,
      redirect_uri: callbackOf(this.#deps.url, provider),
      scope: provider.scopes.join(' '),
      state: way.state,
      nonce: way.nonce,
      code_challenge: createHash('sha256').update(way.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ui_locales: hints.language,
      ...(hints.login !== undefined && { login_hint: hints.login }),
      ...(provider.trustedAcr.length > 0 && { acr_values: provider.trustedAcr.join(' ') }),
      ...(way.fresh && { prompt: 'login', max_age: '0' }),
    }
    for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value)
    return address.href
  }

  /**
   * Redeems what the browser brought back. @param brought query of the callback, as received
   * @throws {UpstreamProblem}
   */
  async redeem(provider: Provider, brought: URLSearchParams, way: Way): Promise<Assertion> {
    const as = await this.metadataOf(provider)
    const [oauth, { decodeProtectedHeader, jwtVerify }] = await Promise.all([import('oauth4webapi'), import('jose')])
    const { clock, issuers, url } = this.#deps
    const client: oauth.Client = {
      client_id: provider.clientId,
      [oauth.clockSkew]: Math.round((clock.nowMs() - systemClock.nowMs()) / 1_000),
      [oauth.clockTolerance]: skewSeconds,
    }
    // Whether plain http may be asked is `Outgoing`'s to say, for every address.
    const options = { [oauth.customFetch]: this.#fetch, [oauth.allowInsecureRequests]: true }
    try {
      const parameters = oauth.validateAuthResponse(as, client, brought, way.state)
      const auth = await this.#authOf(provider)
      const redirect = callbackOf(url, provider)
      const answer = await oauth.authorizationCodeGrantRequest(
        as,
        client,
        auth,
        parameters,
        redirect,
        way.verifier,
        options,
      )
      if (answer.status >= 500) throw new UpstreamProblem('unreachable', `The token endpoint answered ${answer.status}`)
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, {
        expectedNonce: way.nonce,
        requireIdToken: true,
        ...(way.fresh && { maxAge: freshSeconds }),
      })
      const { kid } = decodeProtectedHeader(tokens.id_token as string)
      const { payload } = await jwtVerify(tokens.id_token as string, await issuers.keysOf(provider, kid), {
        algorithms: idTokenAlgorithms,
        issuer: provider.issuer,
        audience: provider.clientId,
        clockTolerance: skewSeconds,
        currentDate: new Date(clock.nowMs()),
        requiredClaims: ['iss', 'aud', 'sub', 'exp', 'iat'],
      })
      const age = clock.nowMs() / 1_000 - (payload.iat as number)
      if (age < -skewSeconds || age > oldestSeconds)
        throw new UpstreamProblem('invalid', `The ID token was issued ${Math.round(age)} seconds ago`)
      const { sub } = payload
      if (typeof sub !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(sub))
        throw new UpstreamProblem('invalid', 'The subject is not 1 to 255 ASCII characters')
      const told =
        payload.email === undefined && provider.scopes.includes('email')
          ? await this.#userinfo(as, client, tokens.access_token, sub)
          : {}
      // INVARIANT: how and when somebody was asked is what the ID token has signed: userinfo tells what they are called, no more.
      return readClaims(sub, { ...payload, ...told })
    } catch (error) {
      throw asProblem(oauth, error)
    }
  }

  /** What the provider says of itself, with addresses that may be used. @throws {UpstreamProblem} */
  async metadataOf({ issuer }: Pick<Provider, 'issuer'>): Promise<oauth.AuthorizationServer> {
    try {
      const document = await this.#deps.issuers.documentOf(issuer)
      for (const name of ['authorization_endpoint', 'token_endpoint'] as const)
        if (!isAddress(document[name], issuer)) throw new UpstreamProblem('invalid', `Its metadata has no ${name}`)
      return document as unknown as oauth.AuthorizationServer
    } catch (error) {
      if (error instanceof UpstreamProblem) throw error
      const why = (error as { cause?: { detail?: string; message?: string } }).cause
      throw new UpstreamProblem('unreachable', why?.detail ?? why?.message ?? 'Its metadata cannot be read', error)
    }
  }

  /** Userinfo, as far as it can be had: what people are called is no reason to refuse them. */
  async #userinfo(as: oauth.AuthorizationServer, client: oauth.Client, token: string, subject: string) {
    const oauth = await import('oauth4webapi')
    if (!isAddress(as.userinfo_endpoint, as.issuer)) return {}
    const options = { [oauth.customFetch]: this.#fetch, [oauth.allowInsecureRequests]: true }
    try {
      const answer = await oauth.userInfoRequest(as, client, token, options)
      const { email, email_verified, name } = await oauth.processUserInfoResponse(as, client, subject, answer)
      return { email, email_verified, ...(name !== undefined && { name }) }
    } catch {
      return {}
    }
  }

  async #authOf(provider: Provider): Promise<oauth.ClientAuth> {
    const { storage, keyring, clock, entropy } = this.#deps
    const { ClientSecretBasic, ClientSecretPost } = await import('oauth4webapi')
    if (provider.authMethod === 'private_key_jwt') {
      return (as, client, body) => {
        const { kid } = keyring.activeKey('ES256')
        const now = Math.floor(clock.nowMs() / 1_000)
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
        // The audience is the issuer, which has been checked, never an address from its metadata (RFC 7523bis §4).
        const claims = { iss: client.client_id, sub: client.client_id, aud: as.issuer, iat: now, exp: now + 60, jti: randomToken(entropy) } // biome-ignore format: one line
        const signed = `${part({ alg: 'ES256', typ: 'JWT', kid })}.${part(claims)}`
        const signature = Buffer.from(keyring.sign(kid, Buffer.from(signed))).toString('base64url')
        body.set('client_id', client.client_id)
        body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
        body.set('client_assertion', `${signed}.${signature}`)
      }
    }
    const secret = await findProviderSecret(storage.db, keyring, provider)
    if (secret === undefined) throw new UpstreamProblem('invalid', 'No client secret is set for this provider')
    return provider.authMethod === 'client_secret_post'
      ? ClientSecretPost(secret.reveal())
      : ClientSecretBasic(secret.reveal())
  }

  #fetch = async (
    address: string,
    it: { readonly method: string; readonly headers: Record<string, string>; readonly body?: unknown },
  ): Promise<Response> => {
    const reply = await this.#deps.outgoing.send(address, {
      method: it.method as 'GET' | 'POST',
      headers: it.headers,
      ...(it.body !== undefined && it.body !== null && { body: String(it.body) }),
      timeoutMs: 8_000,
      mostBytes: answerBytes,
    })
    const type = reply.headers['content-type']
    const body = reply.body.length === 0 ? null : new Uint8Array(reply.body)
    return new Response(body, { status: reply.status, headers: type === undefined ? {} : { 'content-type': type } })
  }
}

/** An https address; plain http only of an issuer that is on loopback itself. */
function isAddress(text: unknown, issuer: string): text is string {
  const url = typeof text === 'string' && text.length <= 2_000 ? URL.parse(text) : null
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && issuer.startsWith('http:'))
}

function readClaims(subject: string, claims: Readonly<Record<string, unknown>>): Assertion {
  const text = (name: string, most: number) => {
    const value = claims[name]
    return typeof value === 'string' && value !== '' && value.length <= most ? value : undefined
  }
  const { amr } = claims
  return {
    subject,
    acr: text('acr', 200),
    amr: Array.isArray(amr) ? amr.filter((each): each is string => typeof each === 'string').slice(0, 20) : [],
    sid: text('sid', 300),
    askedAtMs: typeof claims.auth_time === 'number' ? claims.auth_time * 1_000 : undefined,
    email: text('email', 254),
    // A text `"true"`, as some send, is not the boolean that is asked for (OpenID Connect Core §5.1).
    emailVerified: claims.email_verified === true,
    name: text('name', 200),
  }
}

function asProblem(oauth: typeof import('oauth4webapi'), error: unknown): UpstreamProblem {
  if (error instanceof UpstreamProblem) return error
  if (
    isFault(error, 'web.issuer_unreachable') ||
    isFault(error, 'web.outgoing_failed') ||
    isFault(error, 'web.outgoing_refused')
  )
    return new UpstreamProblem('unreachable', error.detail ?? error.says, error)
  if (error instanceof oauth.AuthorizationResponseError) {
    const word = /^[a-z_]{1,60}$/.test(error.error) ? error.error : 'an error'
    if (['server_error', 'temporarily_unavailable'].includes(word))
      return new UpstreamProblem('unreachable', `It answered ${word}`, error)
    const refused = ['access_denied', 'login_required', 'interaction_required', 'consent_required'].includes(word)
    return new UpstreamProblem(refused ? 'refused' : 'invalid', `It answered ${word}`, error)
  }
  if (error instanceof oauth.ResponseBodyError) {
    const word = /^[a-z_]{1,60}$/.test(error.error) ? error.error : 'an error'
    return new UpstreamProblem('invalid', `Its token endpoint answered ${word}`, error)
  }
  const says = error instanceof Error ? error.message : String(error)
  return new UpstreamProblem('invalid', says.slice(0, 300), error)
}
