import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { RegisteredClient } from '../ports.ts'
import { type Certificates, certificateFeature } from './certificates.ts'
import { type Rules, rulesOf } from './rules.ts'

export interface FeatureDeps {
  /** The registered client behind one of the provider's. */
  readonly registeredOf: (client: object) => RegisteredClient | undefined
  /** 32 bytes, the same on every node: nonces of one are good on all (RFC 9449 §8). */
  readonly nonceSecret: Buffer
  readonly certificates: Certificates
}

/** Parts of the protocol that each client may use, must use or has off: here they are on, and held to the client's rules. */
export function clientFeatures(deps: FeatureDeps) {
  const rules = (client: object | undefined): Rules | undefined => {
    const registered = client && deps.registeredOf(client)
    return registered && rulesOf(registered)
  }
  return {
    claimsParameter: { enabled: true },
    jwtUserinfo: { enabled: true },
    jwtResponseModes: { enabled: true },
    jwtIntrospection: { enabled: true },
    dPoP: {
      enabled: true,
      nonceSecret: deps.nonceSecret,
      requireNonce: (ctx) => {
        const held = rules(ctx.oidc.client)
        if (held?.dpop === 'off') throw new errors.InvalidDpopProof('this client does not use DPoP')
        return held?.dpopNonce ?? false
      },
    },
    mTLS: certificateFeature(deps.certificates),
    requestObjects: {
      enabled: true,
      assertJwtClaimsAndHeader: (ctx, claims, header, client) => {
        assertRequestObject(ctx, claims, header, rules(client))
      },
    },
    fapi: { enabled: true, profile: (_ctx, client) => (client && rules(client)?.fapi ? '2.0' : undefined) },
  } satisfies Configuration['features']
}

/** The default of the provider, and what a client has off; typed where the profile wants it (RFC 9101 §10.8). */
function assertRequestObject(
  ctx: KoaContextWithOIDC,
  claims: Record<string, unknown>,
  header: Record<string, unknown>,
  rules: Rules | undefined,
): void {
  // A pushed request comes back as what it was when it was pushed, and was held to this then.
  if (ctx.oidc.entities.PushedAuthorizationRequest !== undefined) return
  const backchannel = ctx.oidc.route === 'backchannel_authentication'
  if (rules === undefined || (rules.signedRequests === 'off' && !backchannel))
    throw new errors.RequestNotSupported('this client does not sign its requests')
  const { typ } = header
  if (typ !== undefined && !/^(application\/)?(oauth-authz-req\+jwt|jwt)$/i.test(String(typ)))
    throw new errors.InvalidRequestObject('the request object is a JWT of another type')
  const wanted = [...(rules.fapi ? ['exp', 'aud', 'nbf'] : []), ...(backchannel ? ['exp', 'iat', 'nbf', 'jti'] : [])]
  const missing = wanted.find((claim) => claims[claim] === undefined)
  if (missing !== undefined) throw new errors.InvalidRequestObject(`Request Object is missing the '${missing}' claim`)
  if (!rules.fapi && !backchannel) return
  const life = Number(claims.exp) - Number(claims.nbf)
  const age = Date.now() / 1_000 - Number(claims.nbf)
  if (!(life > 0 && life <= 3_600) || !(age <= 3_600))
    throw new errors.InvalidRequestObject(
      'the request object lives longer than an hour (FAPI 2.0 Message Signing 5.3.1, FAPI-CIBA 5.2.2)',
    )
}

/**
 * Holds the assertions of FAPI clients to the one audience: the issuer, as a string (FAPI 2.0 Security Profile §5.3.2.1). One made
 * for another server, or for an endpoint, is refused, whatever else would be taken.
 */
export function assertClientAssertion(issuer: string, registeredOf: FeatureDeps['registeredOf']) {
  return (
    _ctx: KoaContextWithOIDC,
    claims: Record<string, unknown>,
    header: Record<string, unknown>,
    client: object,
  ): void => {
    const registered = registeredOf(client)
    if (registered === undefined || !rulesOf(registered).fapi) return
    if (claims.aud !== issuer) throw new errors.InvalidClientAuth('the audience of the assertion must be the issuer')
    if (!['ES256', 'PS256', 'EdDSA', 'Ed25519'].includes(String(header.alg)))
      throw new errors.InvalidClientAuth('the algorithm of the assertion must be PS256, ES256 or EdDSA')
  }
}
