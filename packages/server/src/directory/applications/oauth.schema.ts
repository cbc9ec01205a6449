import { type TSchema, Type } from '#kernel'
import { closed, oneOf, text } from '../values/schema.ts'
import {
  certificateNames,
  type OAuthChange,
  type OAuthSettings,
  oauthProfiles,
  responseModes,
  switches,
  tokenAlgorithms,
} from './oauth-settings.ts'

const uri = text(2_048, 'An https address')
const certain = {
  profile: oneOf(oauthProfiles),
  pkce: oneOf(['required', 'optional']),
  dpop: oneOf(switches),
  dpopNonce: Type.Boolean(),
  certificateBoundTokens: Type.Boolean(),
  pushedRequests: oneOf(['allowed', 'required']),
  signedRequests: oneOf(switches),
  responseModes: Type.Array(oneOf(responseModes), { uniqueItems: true }),
  idTokenAlgorithm: oneOf(tokenAlgorithms),
  accessTokenAlgorithm: oneOf(tokenAlgorithms),
  statusList: Type.Boolean(),
  signedUserinfo: Type.Boolean(),
  authorizationDetailTypes: Type.Array(text(128), { maxItems: 50, uniqueItems: true }),
  backchannelLogoutSession: Type.Boolean(),
  cibaDelivery: oneOf(['poll', 'ping']),
}
const optional = {
  defaultAcr: text(128),
  defaultMaxAgeSeconds: Type.Integer({ minimum: 0, maximum: 366 * 86_400 }),
  jwksUri: uri,
  backchannelLogoutUri: uri,
  cibaNotificationUri: uri,
  certificateSubject: closed({ name: oneOf(certificateNames), value: text(1_024) }),
}

const each = (members: Record<string, TSchema>, as: (schema: TSchema) => TSchema) =>
  Object.fromEntries(Object.entries(members).map(([name, schema]) => [name, as(schema)]))
const settable = (schema: TSchema) => Type.Optional(Type.Union([schema, Type.Null()]))

/** What is given changes; null takes it back to its default. */
export const oauthBody = Type.Unsafe<OAuthChange>(closed(each({ ...certain, ...optional }, settable)))
export const oauthView = Type.Unsafe<OAuthSettings>(
  closed({ ...certain, ...each(optional, (schema) => Type.Optional(schema)) }),
)
