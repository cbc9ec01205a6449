import Provider, { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Clock } from '#kernel'
import type { Outgoing } from '#web'
import { type ExchangeDeps, exchangeParameters, exchangeToken } from '../exchange/exchange-grant.ts'
import { assertionGrant, exchangeGrant } from '../exchange/grant-types.ts'
import type { PersonSource, RenderedPage, SessionSource, TokenPages } from '../ports.ts'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import type { StatusLists } from '../status-lists/status-lists.ts'
import { assertionParameters, issueToWorkload } from '../workloads/federate.ts'
import { findAccount } from './accounts.ts'
import { acrValues } from './acr.ts'
import { type AdapterDeps, StorageAdapter } from './adapter.ts'
import { authorizationDetails } from './authorization-details.ts'
import type { Certificates } from './certificates.ts'
import { ciba } from './ciba.ts'
import type { ClientCache } from './clients.ts'
import { deviceFlow } from './device-flow.ts'
import { clientAuthMethods, discoveryOf } from './discovery.ts'
import { assertClientAssertion, clientFeatures } from './features.ts'
import { type ConsentSource, loadExistingGrant } from './grants.ts'
import { guardedFetch } from './guarded-fetch.ts'
import { holdToPolicies } from './hold-to-policies.ts'
import { completeJwt } from './jwt-format.ts'
import { lifetimes, refreshTokenSeconds, skewSeconds } from './lifetimes.ts'
import { registeredOf, useOurClients } from './our-clients.ts'
import { otherOrganization } from './own-people.ts'
import { paths } from './paths.ts'
import { keySetOf } from './provider-keys.ts'
import { requestOf } from './request.ts'
import { findResourceServer, resourceOf } from './resources.ts'
import { rulesOf } from './rules.ts'
import { claimsByScope, standardScopes } from './scopes.ts'
import { projectSessions } from './sessions.ts'
import type { Signer } from './signing.ts'
import { interactionRules, wantedAcr } from './step-up.ts'
import { Unit } from './unit.ts'

export interface ProviderDeps extends AdapterDeps, ExchangeDeps {
  /** Public base address without trailing slash: the issuer identifier. */
  readonly url: string
  readonly clock: Clock
  readonly signer: Signer
  readonly clients: ClientCache
  readonly people: PersonSource
  readonly sessions: SessionSource
  readonly consents: ConsentSource
  readonly revocations: RevocationSet
  readonly statusLists: StatusLists
  readonly pages: TokenPages
  readonly nonceSecret: Buffer
  /** Whether some organization takes clients by metadata documents. */
  readonly documents: () => boolean
  /** Whether programs may register themselves. */
  readonly registration: boolean
  /** Types of `authorization_details` that some application has registered. */
  readonly detailTypes: () => ReadonlySet<string>
  readonly outgoing: Outgoing
  readonly certificates: Certificates
  /** Public base address of a listener that asks for client certificates (RFC 8705 §5). */
  readonly mtlsUrl: string | undefined
}

/**
 * Builds the provider for the keyring's keys of this moment. Its key set is fixed: when keys change, build another and swap it.
 * Everything that outlives a request is in storage, so the swap is not seen from outside.
 */
export function buildProvider(deps: ProviderDeps): Provider {
  const provider: Provider = new Provider(
    deps.url,
    configure(deps, () => provider),
  )
  provider.proxy = true
  const exchange = (ctx: KoaContextWithOIDC) =>
    Unit.current().federated === undefined
      ? exchangeToken(provider, ctx, deps)
      : issueToWorkload(provider, ctx, deps.url)
  provider.registerGrantType(exchangeGrant, exchange, exchangeParameters, ['resource', 'audience'])
  provider.registerGrantType(assertionGrant, (ctx) => issueToWorkload(provider, ctx, deps.url), assertionParameters, [
    'resource',
  ])
  useOurClients(provider, deps.clients, deps.signer)
  projectSessions(provider, deps.sessions)
  return provider
}

const asymmetric = [
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
] as const

function configure(deps: ProviderDeps, provider: () => Provider): Configuration {
  const { consent: _, ...routes } = paths
  const ours = [...new Set(deps.signer.signingKeys().map(({ alg }) => alg))].filter((alg) => alg !== 'EdDSA') as (
    | 'ES256'
    | 'RS256'
  )[]
  return {
    adapter: (kind) => new StorageAdapter(deps, kind),
    jwks: keySetOf(deps.signer) as never,
    routes,
    clientAuthMethods: [...clientAuthMethods],
    acrValues: [...acrValues],
    assertJwtClientAuthClaimsAndHeader: assertClientAssertion(deps.url, registeredOf) as never,
    // ES256 signs; no symmetric algorithm is ever accepted, so no public key can be taken for a secret.
    enabledJWA: {
      clientAuthSigningAlgValues: [...asymmetric],
      requestObjectSigningAlgValues: [...asymmetric],
      dPoPSigningAlgValues: ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256'],
      idTokenSigningAlgValues: ours,
      userinfoSigningAlgValues: ours,
      introspectionSigningAlgValues: ours,
      authorizationSigningAlgValues: ours,
    },
    clientDefaults: {
      id_token_signed_response_alg: 'ES256',
      authorization_signed_response_alg: 'ES256',
      introspection_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'client_secret_basic',
    },
    clockTolerance: skewSeconds,
    scopes: [...standardScopes],
    discovery: discoveryOf({ ...deps, paths }),
    claims: { acr: null, amr: null, auth_time: null, iss: null, sid: null, ...claimsByScope },
    responseTypes: ['code'],
    pkce: {
      required: (_ctx, client) => {
        const registered = registeredOf(client)
        return registered === undefined || rulesOf(registered).pkceRequired
      },
    },
    fetch: guardedFetch(deps.outgoing),
    fetchResponseBodyLimits: { jwks_uri: 65_536 },
    allowOmittingSingleRegisteredRedirectUri: false,
    cookies: { names: { session: '_gh_oauth', interaction: '_gh_interaction', resume: '_gh_resume' } },
    // A public client may run in a browser: on its own origins, which its redirects prove.
    clientBasedCORS: (ctx, origin, client) =>
      (ctx.oidc.route === 'userinfo' || client.clientAuthMethod === 'none') &&
      (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin && origin !== 'null'),
    features: {
      devInteractions: { enabled: false },
      ...clientFeatures({ ...deps, registeredOf }),
      ...deviceFlow({ pages: deps.pages, send: sendRendered }),
      ...ciba({ ...deps, registeredOf }),
      backchannelLogout: { enabled: true },
      ...authorizationDetails(deps.detailTypes()),
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: mayIntrospect },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      userinfo: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async (_ctx, client, oneOf) =>
          (oneOf as string[] | undefined)?.[0] ?? resourceOf(client.clientId),
        useGrantedResource: () => true,
        getResourceServerInfo: async (_ctx, resource, client) => {
          const registered = await deps.clients.find(client.clientId)
          if (registered === undefined) throw new TypeError('a client was authenticated that is not registered')
          const server = await findResourceServer(resource, registered, deps)
          if (server === undefined) throw new errors.InvalidTarget()
          return server
        },
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (ctx, form) => signOutPage(ctx, form, deps),
        postLogoutSuccessSource: async (ctx) =>
          sendRendered(ctx, await deps.pages.signedOut(requestOf(ctx.req), organizationOf(ctx))),
      },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
    },
    formats: { customizers: { jwt: completeJwt(deps.clients, deps.statusLists) as never } },
    findAccount: async (ctx, userId, token) => {
      const account = await findAccount(deps.people, userId, ctx?.oidc?.client?.clientId)
      if (account !== undefined) await holdToPolicies(ctx, deps.sessions, account.person, token)
      return account
    },
    loadExistingGrant: loadExistingGrant({ provider, clients: deps.clients, consents: deps.consents }),
    // A sender-constrained token of a FAPI client is useless to a thief; rotation would only lose it (FAPI 2.0 §5.3.2.1).
    rotateRefreshToken: (ctx) => {
      const client = ctx.oidc.client && registeredOf(ctx.oidc.client)
      return client === undefined || !rulesOf(client).fapi
    },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async (_ctx, code) => !code.scopes.has('offline_access'),
    revokeGrantPolicy: () => true,
    interactions: {
      policy: interactionRules(deps),
      url: async (ctx, interaction) => {
        const back = `${interaction.deviceCode === undefined ? paths.authorization : paths.code_verification}/${interaction.uid}`
        if (interaction.prompt.name === 'consent') return `${paths.consent}/${interaction.uid}`
        const client = await deps.clients.find(String(interaction.params.client_id))
        const query = new URLSearchParams({
          return_to: back,
          ...(client !== undefined && !client.anyOrganization && { organization: client.organizationId }),
          ...hints(interaction.params, interaction.session?.accountId),
          // As somebody else: the sign-in page does not go on with the session that there is.
          ...(interaction.prompt.reasons.includes(otherOrganization) && { restart: 'yes' }),
        })
        const acr = wantedAcr(ctx)
        if (acr !== undefined) query.set('acr', acr)
        return `/sign-in?${query}`
      },
    },
    renderError: async (ctx, out, error) => {
      if (ctx.accepts('html', 'json') === 'json') {
        ctx.body = out
        return
      }
      const says = out.error_description ?? out.error
      sendRendered(
        ctx,
        await deps.pages.refused(requestOf(ctx.req), {
          ...organizationOf(ctx),
          says: String(says),
          requestId: requestOf(ctx.req).id,
        }),
      )
      if (!('expose' in error)) ctx.status = 500
    },
    ttl: {
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? lifetimes.personAccessToken,
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? lifetimes.machineAccessToken,
      AuthorizationCode: lifetimes.authorizationCode,
      PushedAuthorizationRequest: lifetimes.authorizationCode,
      IdToken: (_ctx, _token, client) => registeredOf(client)?.idTokenSeconds ?? lifetimes.idToken,
      DeviceCode: lifetimes.deviceCode,
      BackchannelAuthenticationRequest: (ctx) =>
        Math.min(lifetimes.deviceCode, Number(ctx.oidc.params?.requested_expiry ?? lifetimes.deviceCode)),
      Interaction: lifetimes.interaction,
      RefreshToken: (_ctx, _token, client) => refreshTokenSeconds(registeredOf(client)),
      Grant: lifetimes.grant,
      Session: (_ctx, session) =>
        session.exp === undefined
          ? lifetimes.interaction
          : Math.max(1, session.exp - Math.floor(deps.clock.nowMs() / 1_000)),
    },
  }
}

/** What the sign-in page is told: who the application expects, and whether a session that exists is not enough. */
function hints(params: Record<string, unknown>, accountId: string | undefined): Record<string, string> {
  return {
    ...(typeof params.login_hint === 'string' && { login_hint: params.login_hint }),
    ...(typeof params.ui_locales === 'string' && { ui_locales: params.ui_locales }),
    ...(accountId !== undefined && { reauthenticate: 'yes' }),
  }
}

/** A client may ask about its own tokens and about those that are meant for it (RFC 7662 §4). */
function mayIntrospect(
  _ctx: KoaContextWithOIDC,
  client: { clientId: string },
  token: { clientId?: string; aud?: unknown },
): boolean {
  return token.clientId === client.clientId || token.aud === client.clientId
}

export function sendRendered(ctx: KoaContextWithOIDC, page: RenderedPage): void {
  ctx.type = 'html'
  ctx.body = page.html
  // Under `no-referrer` browsers send forms with `Origin: null`, which is refused.
  ctx.set({ 'referrer-policy': 'same-origin', ...page.headers })
}

async function signOutPage(ctx: KoaContextWithOIDC, form: string, deps: ProviderDeps): Promise<void> {
  const csrf = /name="xsrf" value="([\w-]+)"/.exec(form)?.[1]
  if (csrf === undefined) throw new TypeError("the provider's sign-out form has another shape than expected")
  const person = await deps.people.find(ctx.oidc.session?.accountId ?? '')
  const action = `${paths.end_session}/confirm`
  const fields = { xsrf: csrf, logout: 'yes' }
  const page = { ...organizationOf(ctx), person: person?.username ?? '', action, fields }
  sendRendered(ctx, await deps.pages.signOut(requestOf(ctx.req), page))
}

/** Whose application a request is about, where that is known. */
function organizationOf({ oidc }: KoaContextWithOIDC): { readonly organizationId?: string } {
  const client = oidc?.client && registeredOf(oidc.client)
  return client === undefined || client.anyOrganization ? {} : { organizationId: client.organizationId }
}
