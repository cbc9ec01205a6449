import type { AuthMethod } from '../credentials/credentials.ts'
import type { Application, ApplicationKind, GrantType } from './application.ts'
import { defaultOAuth } from './oauth-settings.ts'

type Defaults = Omit<
  Application,
  'id' | 'organizationId' | 'name' | 'displayName' | 'kind' | 'state' | 'createdAtMs' | 'updatedAtMs' | 'revision'
>

const byKind: Record<ApplicationKind, { grantTypes: GrantType[]; authMethod: AuthMethod }> = {
  web: { grantTypes: ['authorization_code', 'refresh_token'], authMethod: 'client_secret_basic' },
  native: { grantTypes: ['authorization_code', 'refresh_token'], authMethod: 'none' },
  service: { grantTypes: ['client_credentials'], authMethod: 'client_secret_basic' },
}

/** What an application has when its maker says nothing. */
export function defaultsOf(kind: ApplicationKind): Defaults {
  const { grantTypes, authMethod } = byKind[kind]
  return {
    redirectUris: [],
    postLogoutRedirectUris: [],
    grantTypes,
    credentials: { authMethod, secrets: [], keys: [] },
    scopes: kind === 'service' ? [] : ['openid', 'profile', 'email'],
    tokenLifetimes: {
      accessTokenSeconds: kind === 'service' ? 900 : 300,
      refreshTokenSeconds: 30 * 86_400,
      idTokenSeconds: 600,
    },
    consentRequired: true,
    oauth: defaultOAuth,
    origins: [],
    routes: [],
  }
}
