import { type Clock, randomToken, systemEntropy } from '#kernel'
import { exchangeGrant } from '../exchange/grant-types.ts'
import type { ClientSource, RegisteredClient } from '../ports.ts'
import { rulesOf } from './rules.ts'
import { standardScopes } from './scopes.ts'

/** Clients kept in memory; one that is not among them costs a read. */
const cachedMost = 10_000

/**
 * The clients as last read, until the feed says that one changed. INVARIANT: what was read while a change came in is used for
 * that request and not kept.
 */
export class ClientCache {
  readonly #source: ClientSource
  readonly #clock: Clock
  readonly #byId = new Map<string, RegisteredClient>()
  readonly #byOrigin = new Map<string, RegisteredClient>()
  #generation = 0

  constructor(source: ClientSource, clock: Clock) {
    this.#source = source
    this.#clock = clock
  }

  /** What `find` would answer, where that is known already. */
  held(clientId: string): RegisteredClient | undefined {
    const known = this.#byId.get(clientId)
    return known !== undefined && this.#isGood(known) ? known : undefined
  }

  find(clientId: string): Promise<RegisteredClient | undefined> {
    return this.#read(this.#byId, clientId, () => this.#source.find(clientId))
  }

  findByOrigin(origin: string): Promise<RegisteredClient | undefined> {
    return this.#read(this.#byOrigin, origin, () => this.#source.findByOrigin(origin))
  }

  async #read(
    map: Map<string, RegisteredClient>,
    key: string,
    read: () => Promise<RegisteredClient | undefined>,
  ): Promise<RegisteredClient | undefined> {
    const known = map.get(key)
    if (known !== undefined && this.#isGood(known)) return known
    const generation = this.#generation
    const client = await read()
    if (client !== undefined && generation === this.#generation) keep(map, key, client)
    return client
  }

  #isGood({ readAgainAtMs }: RegisteredClient): boolean {
    return readAgainAtMs === undefined || this.#clock.nowMs() < readAgainAtMs
  }

  /** A client changed (or, without an id, all of them may have). */
  forget(clientId: string | undefined): void {
    this.#generation++
    if (clientId === undefined) this.#byId.clear()
    else this.#byId.delete(clientId)
    this.#byOrigin.clear()
  }
}

/** Keeps at most `cachedMost`: the oldest goes. */
export function keep<V>(map: Map<string, V>, key: string, value: V): void {
  if (map.size >= cachedMost) map.delete(map.keys().next().value as string)
  map.set(key, value)
}

// The provider wants a secret of every client that authenticates with one. It is never compared: see `compareClientSecret`.
const placeholder = randomToken(systemEntropy)

const certificateNames = {
  subjectDn: 'tls_client_auth_subject_dn',
  sanDns: 'tls_client_auth_san_dns',
  sanUri: 'tls_client_auth_san_uri',
  sanIp: 'tls_client_auth_san_ip',
  sanEmail: 'tls_client_auth_san_email',
} as const

type Algorithm = RegisteredClient['oauth']['idTokenAlgorithm']

/** A client in the provider's words (RFC 7591 §2). @param ready what is signed by, where another was chosen and has no key yet */
export function toMetadata(client: RegisteredClient, ready: (chosen: Algorithm) => Algorithm): Record<string, unknown> {
  const signsIn = client.grantTypes.includes('authorization_code')
  const { oauth } = client
  const rules = rulesOf(client)
  const subject = oauth.certificateSubject
  const idTokenAlgorithm = ready(oauth.idTokenAlgorithm)
  return {
    client_id: client.id,
    client_name: client.name,
    application_type: client.native ? 'native' : 'web',
    token_endpoint_auth_method: client.authMethod,
    ...(client.authMethod === 'client_secret_basic' && { client_secret: placeholder }),
    ...(oauth.jwksUri !== undefined ? { jwks_uri: oauth.jwksUri } : client.jwks !== undefined && { jwks: client.jwks }),
    ...(client.authMethod === 'tls_client_auth' && subject && { [certificateNames[subject.name]]: subject.value }),
    redirect_uris: signsIn ? client.redirectUris : [],
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    // Whether an exchange is allowed is decided each time, not by registration.
    grant_types: [...client.grantTypes, exchangeGrant],
    response_types: signsIn ? ['code'] : [],
    ...(signsIn && { response_modes: rules.responseModes }),
    ...(client.grantTypes.includes('urn:openid:params:grant-type:ciba') && {
      backchannel_token_delivery_mode: oauth.cibaDelivery,
      ...(oauth.cibaNotificationUri !== undefined && {
        // The provider takes https alone; it never calls this: notices do, and they may reach a name of this machine.
        backchannel_client_notification_endpoint: oauth.cibaNotificationUri.replace(/^http:/, 'https:'),
      }),
    }),
    ...(oauth.backchannelLogoutUri !== undefined && {
      backchannel_logout_uri: oauth.backchannelLogoutUri,
      backchannel_logout_session_required: oauth.backchannelLogoutSession,
    }),
    id_token_signed_response_alg: idTokenAlgorithm,
    ...(oauth.signedUserinfo && { userinfo_signed_response_alg: idTokenAlgorithm }),
    authorization_signed_response_alg: idTokenAlgorithm,
    require_pushed_authorization_requests: rules.pushedRequired,
    require_signed_request_object: rules.signedRequests === 'required',
    authorization_details_types: oauth.authorizationDetailTypes,
    dpop_bound_access_tokens: rules.dpop === 'required',
    tls_client_certificate_bound_access_tokens: rules.certificateBound,
    ...(oauth.defaultAcr !== undefined && { default_acr_values: [oauth.defaultAcr] }),
    ...(oauth.defaultMaxAgeSeconds !== undefined && { default_max_age: oauth.defaultMaxAgeSeconds }),
    scope: standardScopes.filter((scope) => scope === 'offline_access' || client.scopes.includes(scope)).join(' '),
  }
}
