import { type ApplicationId, Fault, isId, type OrganizationId } from '#kernel'
import type { KeyInput } from '../credentials/client-key.ts'
import type { AuthMethod, Credentials } from '../credentials/credentials.ts'
import type { Transitions } from '../lifecycle.ts'
import type { OAuthChange, OAuthSettings } from './oauth-settings.ts'

export const applicationStates = ['active', 'suspended', 'deleted'] as const
export type ApplicationState = (typeof applicationStates)[number]
/** `web` runs on a server, `native` on people's devices (browsers too), `service` has no people. */
export const applicationKinds = ['web', 'native', 'service'] as const
export type ApplicationKind = (typeof applicationKinds)[number]
export const grantTypes = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:openid:params:grant-type:ciba',
] as const
export type GrantType = (typeof grantTypes)[number]
export const routeMethods = ['*', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** What a request through a gateway asks for: `GET /documents/:id` → action `read` on `Document::"{id}"`. */
export interface ApplicationRoute {
  readonly method: (typeof routeMethods)[number]
  /** Segments are literal, `:name`, or `*` as the last one for the rest. */
  readonly path: string
  readonly action: string
  /** A Cedar entity whose id may hold `{name}` of the path. */
  readonly resource: string
}

export interface TokenLifetimes {
  readonly accessTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly idTokenSeconds: number
}

/** A program that people sign in to, or that asks for decisions. Its id is its `client_id`. */
export interface Application {
  readonly id: ApplicationId
  readonly organizationId: OrganizationId
  /** Unique in the organization; a DNS label. A tombstone's is its id. */
  readonly name: string
  readonly displayName: string
  readonly kind: ApplicationKind
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly credentials: Credentials
  readonly scopes: readonly string[]
  readonly tokenLifetimes: TokenLifetimes
  /** Whether people are asked before the application learns who they are. */
  readonly consentRequired: boolean
  readonly oauth: OAuthSettings
  /** Where it is reached through a gateway; each belongs to one application of the deployment. */
  readonly origins: readonly string[]
  readonly routes: readonly ApplicationRoute[]
  readonly state: ApplicationState
  readonly createdAtMs: number
  readonly updatedAtMs: number
  readonly revision: number
}

export type ApplicationTransition = 'activate' | 'suspend' | 'delete'
export const applicationTransitions: Transitions<ApplicationState, ApplicationTransition> = {
  activate: { from: ['suspended'], to: 'active' },
  suspend: { from: ['active'], to: 'suspended' },
  delete: { from: ['active', 'suspended'], to: 'deleted' },
}

export interface ApplicationInput {
  readonly name: string
  /** Cannot change afterwards. */
  readonly kind: ApplicationKind
  readonly displayName?: string
  readonly redirectUris?: readonly string[]
  readonly postLogoutRedirectUris?: readonly string[]
  readonly grantTypes?: readonly GrantType[]
  readonly authMethod?: AuthMethod
  readonly keys?: readonly KeyInput[]
  readonly scopes?: readonly string[]
  readonly tokenLifetimes?: Partial<TokenLifetimes>
  readonly consentRequired?: boolean
  readonly oauth?: OAuthChange
  readonly origins?: readonly string[]
  readonly routes?: readonly ApplicationRoute[]
}
export type ApplicationChange = Partial<Omit<ApplicationInput, 'kind'>>

/** @throws {Fault} `directory.application_unknown` for what is not even an id */
export function parseApplicationId(text: unknown): ApplicationId {
  if (!isId('app', text)) throw new Fault('directory.application_unknown')
  return text
}
