import type { Application, ApplicationChange, ApplicationInput, GrantType } from '#directory'
import { authMethods, grantTypes } from '#directory'
import { Fault } from '#kernel'

/** Client metadata (RFC 7591 §2, and of the specifications that add to it), as a caller sends it. */
export type Metadata = Readonly<Record<string, unknown>>

const invalid = (detail: string) => new Fault('tokens.client_metadata_invalid', { detail })

function readText(metadata: Metadata, name: string): string | undefined {
  const value = metadata[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value.length > 2_048) throw invalid(`${name} must be a string`)
  return value
}

function readTexts(metadata: Metadata, name: string): string[] | undefined {
  const value = metadata[name]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || value.length > 50 || !value.every((one) => typeof one === 'string'))
    throw invalid(`${name} must be an array of strings`)
  return value as string[]
}

const readFlag = (metadata: Metadata, name: string): boolean => {
  const value = metadata[name] ?? false
  if (typeof value !== 'boolean') throw invalid(`${name} must be true or false`)
  return value
}

/**
 * The application that the metadata describes. Always asks people; what it cannot be held to is refused, what is only shown
 * (`logo_uri`, `tos_uri`, …) is left out.
 * @throws {Fault} `tokens.client_metadata_invalid`
 */
export function readMetadata(metadata: Metadata, name: string): ApplicationInput {
  const authMethod = readText(metadata, 'token_endpoint_auth_method') ?? 'client_secret_basic'
  const method = authMethod === 'client_secret_post' ? 'client_secret_basic' : authMethod
  if (!(authMethods as readonly string[]).includes(method))
    throw invalid(`token_endpoint_auth_method may be ${authMethods.join(', ')}`)
  const grants = readTexts(metadata, 'grant_types') ?? ['authorization_code']
  const unknown = grants.find((grant) => !(grantTypes as readonly string[]).includes(grant))
  if (unknown !== undefined) throw invalid(`grant_types has ${unknown}, which is not supported`)
  const responses = readTexts(metadata, 'response_types') ?? ['code']
  if (responses.some((type) => type !== 'code')) throw invalid('response_types may be code only')
  const isNative = readText(metadata, 'application_type') === 'native' || method === 'none'
  const isService = grants.every((grant) => grant === 'client_credentials')
  const keys = (metadata.jwks as { keys?: unknown } | undefined)?.keys
  if (metadata.jwks !== undefined && !Array.isArray(keys)) throw invalid('jwks must be a JSON Web Key Set')
  const displayName = readText(metadata, 'client_name')?.slice(0, 100)
  const scopes = readText(metadata, 'scope')
    ?.split(' ')
    .filter((scope) => scope !== '')
  const subject = certificateSubject(metadata)
  const idTokenAlgorithm = readText(metadata, 'id_token_signed_response_alg') ?? 'ES256'
  const optional = {
    jwksUri: readText(metadata, 'jwks_uri'),
    backchannelLogoutUri: readText(metadata, 'backchannel_logout_uri'),
    cibaNotificationUri: readText(metadata, 'backchannel_client_notification_endpoint'),
    certificateSubject: subject,
    defaultAcr: readTexts(metadata, 'default_acr_values')?.[0],
    defaultMaxAgeSeconds: metadata.default_max_age as number | undefined,
  }
  if (!['ES256', 'RS256'].includes(idTokenAlgorithm))
    throw invalid('id_token_signed_response_alg may be ES256 or RS256')
  return {
    name,
    kind: isService ? 'service' : isNative ? 'native' : 'web',
    ...(displayName && { displayName }),
    redirectUris: readTexts(metadata, 'redirect_uris') ?? [],
    postLogoutRedirectUris: readTexts(metadata, 'post_logout_redirect_uris') ?? [],
    grantTypes: grants as GrantType[],
    authMethod: method as NonNullable<ApplicationInput['authMethod']>,
    ...(Array.isArray(keys) && { keys: keys.map((jwk) => ({ jwk: jwk as Record<string, unknown> })) }),
    ...(scopes !== undefined && { scopes }),
    consentRequired: true,
    oauth: {
      idTokenAlgorithm: idTokenAlgorithm as 'ES256' | 'RS256',
      signedUserinfo: readText(metadata, 'userinfo_signed_response_alg') !== undefined,
      dpop: readFlag(metadata, 'dpop_bound_access_tokens') ? 'required' : 'allowed',
      certificateBoundTokens: readFlag(metadata, 'tls_client_certificate_bound_access_tokens'),
      pushedRequests: readFlag(metadata, 'require_pushed_authorization_requests') ? 'required' : 'allowed',
      signedRequests: readFlag(metadata, 'require_signed_request_object')
        ? 'required'
        : readText(metadata, 'request_object_signing_alg') === undefined
          ? 'off'
          : 'allowed',
      backchannelLogoutSession: readFlag(metadata, 'backchannel_logout_session_required'),
      authorizationDetailTypes: readTexts(metadata, 'authorization_details_types') ?? [],
      cibaDelivery: readText(metadata, 'backchannel_token_delivery_mode') === 'ping' ? 'ping' : 'poll',
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    },
  }
}

/** A whole update (RFC 7592 §2.2): what is not said goes back to its default. */
export function readUpdate(metadata: Metadata, before: Application): ApplicationChange {
  const { kind, name: _, ...change } = readMetadata(metadata, before.name)
  if (kind !== before.kind) throw invalid('an update may not turn the client into one of another kind')
  const cleared = { jwksUri: null, backchannelLogoutUri: null, cibaNotificationUri: null, certificateSubject: null }
  return { keys: [], ...change, oauth: { ...cleared, defaultAcr: null, defaultMaxAgeSeconds: null, ...change.oauth } }
}

const subjectNames = {
  tls_client_auth_subject_dn: 'subjectDn',
  tls_client_auth_san_dns: 'sanDns',
  tls_client_auth_san_uri: 'sanUri',
  tls_client_auth_san_ip: 'sanIp',
  tls_client_auth_san_email: 'sanEmail',
} as const

function certificateSubject(metadata: Metadata) {
  for (const [member, name] of Object.entries(subjectNames)) {
    const value = readText(metadata, member)
    if (value !== undefined) return { name, value }
  }
  return undefined
}

/** What the application is now, in the words of RFC 7591 §3.2.1. */
export function showMetadata({
  id,
  createdAtMs,
  credentials,
  oauth,
  ...application
}: Application): Record<string, unknown> {
  const { redirectUris, postLogoutRedirectUris, scopes, grantTypes: grants } = application
  return {
    client_id: id,
    client_id_issued_at: Math.floor(createdAtMs / 1_000),
    client_name: application.displayName,
    application_type: application.kind === 'native' ? 'native' : 'web',
    token_endpoint_auth_method: credentials.authMethod,
    grant_types: grants,
    response_types: grants.includes('authorization_code') ? ['code'] : [],
    redirect_uris: redirectUris,
    post_logout_redirect_uris: postLogoutRedirectUris,
    scope: scopes.join(' '),
    id_token_signed_response_alg: oauth.idTokenAlgorithm,
    ...(oauth.signedUserinfo && { userinfo_signed_response_alg: oauth.idTokenAlgorithm }),
    dpop_bound_access_tokens: oauth.dpop === 'required',
    tls_client_certificate_bound_access_tokens: oauth.certificateBoundTokens,
    require_pushed_authorization_requests: oauth.pushedRequests === 'required',
    require_signed_request_object: oauth.signedRequests === 'required',
    ...(credentials.keys.length > 0 && { jwks: { keys: credentials.keys.map(({ jwk }) => jwk) } }),
    ...(oauth.jwksUri !== undefined && { jwks_uri: oauth.jwksUri }),
    ...(oauth.backchannelLogoutUri !== undefined && {
      backchannel_logout_uri: oauth.backchannelLogoutUri,
      backchannel_logout_session_required: oauth.backchannelLogoutSession,
    }),
  }
}
