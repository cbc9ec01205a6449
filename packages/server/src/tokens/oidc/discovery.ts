import type { TokenPages } from '../ports.ts'
import { registrationPath } from '../registration/registration.routes.ts'

interface Deps {
  readonly url: string
  readonly mtlsUrl: string | undefined
  readonly registration: boolean
  readonly documents: () => boolean
  readonly pages: Pick<TokenPages, 'languages'>
  /** Where the protocol's endpoints stand. */
  readonly paths: Readonly<
    Record<
      | 'token'
      | 'revocation'
      | 'introspection'
      | 'userinfo'
      | 'pushed_authorization_request'
      | 'backchannel_authentication'
      | 'device_authorization',
      string
    >
  >
}

export const clientAuthMethods = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
  'none',
] as const

/** What discovery says beside what the provider finds out by itself (RFC 8414 §2, RFC 8705 §5). */
export function discoveryOf({
  mtlsUrl,
  url,
  registration,
  documents,
  pages,
  paths,
}: Deps): Record<string, boolean | string | readonly string[] | Record<string, string>> {
  const always = {
    ui_locales_supported: pages.languages,
    // Unsaid, revocation would mean `client_secret_basic` alone (RFC 8414 §2).
    revocation_endpoint_auth_methods_supported: clientAuthMethods,
    introspection_endpoint_auth_methods_supported: clientAuthMethods.filter((method) => method !== 'none'),
    ...(documents() && { client_id_metadata_document_supported: true }),
    ...(registration && { registration_endpoint: `${url}${registrationPath}` }),
  }
  if (mtlsUrl === undefined) return always
  const named = {
    token_endpoint: paths.token,
    revocation_endpoint: paths.revocation,
    introspection_endpoint: paths.introspection,
    userinfo_endpoint: paths.userinfo,
    pushed_authorization_request_endpoint: paths.pushed_authorization_request,
    backchannel_authentication_endpoint: paths.backchannel_authentication,
    device_authorization_endpoint: paths.device_authorization,
  }
  const aliases = Object.entries(named).map(([name, path]) => [name, `${mtlsUrl}${path}`])
  return { ...always, mtls_endpoint_aliases: Object.fromEntries(aliases) }
}
