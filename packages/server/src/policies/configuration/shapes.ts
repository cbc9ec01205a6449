import {
  authMethods,
  grantTypes,
  oauthProfiles,
  providerAuthMethods,
  responseModes,
  switches,
  tokenAlgorithms,
} from '#directory'
import { anything, flag, list, named, object, oneOf, placed, type Shape, text, whole } from '../places/shape.ts'
import { parseUid } from '../places/uid.ts'
import { problemAt, scalarOf } from '../places/yaml.ts'
import { parseRef } from './item.ts'

const slug = { pattern: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, says: 'is not a name: a-z, 0-9 and inner hyphens' }
const title = text({ most: 200, pattern: /\S/, says: 'must not be empty' })
const state = oneOf('active', 'suspended')

/** `user:alice`, `group:partner/staff`, or an entity as Cedar writes it. */
const reference: Shape<string> = (located, problems) => {
  const value = scalarOf(located)
  if (typeof value === 'string' && (parseRef(value, 'x') !== undefined || parseUid(value) !== undefined)) return value
  return problemAt(located, problems, 'must name something, as in user:alice, group:staff or Document::"welcome"')
}
/** What a grant is on: the same, or `deployment` for everything there is. */
const scope: Shape<string> = (located, problems) =>
  scalarOf(located) === 'deployment' ? 'deployment' : reference(located, problems)
const member: Shape<string> = (located, problems) => {
  const value = scalarOf(located)
  const ref = typeof value === 'string' ? parseRef(value, 'x') : undefined
  if (ref !== undefined && ref.organization === 'x' && ['user', 'group', 'machine'].includes(ref.kind))
    return value as string
  return problemAt(located, problems, 'must be a member of the same organization, as in user:alice or group:staff')
}
const time: Shape<string> = (located, problems) => {
  const value = scalarOf(located)
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(value)) {
    const ms = Date.parse(value)
    if (!Number.isNaN(ms)) return new Date(ms).toISOString()
  }
  return problemAt(located, problems, 'must be a time with its offset, as in 2027-01-31T00:00:00Z, or a date')
}
const route: Shape<{ action: string; resource: string }> = (located, problems) => {
  const value = scalarOf(located)
  const match = typeof value === 'string' ? /^([^"\\\p{Cc}]{1,128}) ((?:\w+::)+".*")$/u.exec(value) : null
  if (match === null)
    return problemAt(located, problems, `must be an action and a resource, as in read Document::"{id}"`)
  return { action: match[1] as string, resource: match[2] as string }
}
const routeKey = {
  pattern: /^(\*|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \/\S*$/,
  says: 'is not a method and a path, as in GET /documents/:id',
}
const keys = list(object({ jwk: anything }, { expires: time }))
const bundleDirectory = text({ pattern: /^(?!\/)[\w./-]{1,200}$/, says: 'is not a directory below this file' })
const role = text({
  pattern: /^[a-z0-9-]{1,63}\/[^\p{Cc}]{1,200}$/u,
  says: 'is not application/role or gatehouse/role',
})

export const userShape = placed(
  object(
    {},
    {
      name: title,
      email: text({ most: 254 }),
      state: oneOf('invited', 'active', 'suspended', 'deactivated'),
      attributes: named(text({ most: 1_024 })),
    },
  ),
)
export const groupShape = placed(object({}, { title, members: list(member) }))
const address = text({ most: 2_048 })
const trust = object(
  { name: text(slug), issuer: address, condition: text({ most: 4_000 }) },
  {
    audience: text({ most: 500 }),
    jwks_uri: address,
    jwks: anything,
    single_use: flag,
    token_seconds: whole,
  },
)
export const machineShape = placed(
  object(
    { owner: member },
    {
      title,
      state: oneOf('active', 'suspended', 'deactivated'),
      auth_method: oneOf('client_secret_basic', 'private_key_jwt'),
      keys,
      scopes: list(text({ most: 128 })),
      access_token_seconds: whole,
      trusts: list(trust),
    },
  ),
)
const oauth = object(
  {},
  {
    profile: oneOf(...oauthProfiles),
    pkce: oneOf('required', 'optional'),
    dpop: oneOf(...switches),
    dpop_nonce: flag,
    certificate_bound_tokens: flag,
    pushed_requests: oneOf('allowed', 'required'),
    signed_requests: oneOf(...switches),
    response_modes: list(oneOf(...responseModes)),
    id_token_algorithm: oneOf(...tokenAlgorithms),
    access_token_algorithm: oneOf(...tokenAlgorithms),
    status_list: flag,
    signed_userinfo: flag,
    authorization_detail_types: list(text({ most: 128 })),
    default_acr: text({ most: 128 }),
    default_max_age_seconds: whole,
    jwks_uri: address,
    backchannel_logout_uri: address,
    backchannel_logout_session: flag,
    ciba_delivery: oneOf('poll', 'ping'),
    ciba_notification_uri: address,
    certificate_subject: object(
      {
        name: oneOf('subject_dn', 'san_dns', 'san_uri', 'san_ip', 'san_email'),
        value: text({ most: 1_024 }),
      },
      {},
    ),
  },
)
export const applicationShape = placed(
  object(
    {},
    {
      title,
      kind: oneOf('web', 'native', 'service'),
      state,
      redirect_uris: list(text({ most: 2_048 })),
      post_logout_redirect_uris: list(text({ most: 2_048 })),
      grant_types: list(oneOf(...grantTypes)),
      auth_method: oneOf(...authMethods),
      keys,
      scopes: list(text({ most: 128 })),
      token_lifetimes: object(
        {},
        { access_token_seconds: whole, refresh_token_seconds: whole, id_token_seconds: whole },
      ),
      consent_required: flag,
      oauth,
      origins: list(text({ most: 300 })),
      routes: named(route, routeKey),
      policies: placed(bundleDirectory),
    },
  ),
)
const resourceShape = placed(
  object(
    { uid: text({ most: 1_000 }) },
    { parents: list(reference), attributes: named(anything), tags: named(anything) },
  ),
)
const grantShape = placed(
  object({ role, to: reference }, { on: scope, from: time, until: time, why: text({ most: 500 }) }),
)
export const providerShape = placed(
  object(
    { issuer: address, client_id: text({ most: 300 }) },
    {
      title,
      state,
      auth_method: oneOf(...providerAuthMethods),
      scopes: list(text({ most: 200 })),
      domains: list(text({ most: 253 })),
      provisions: flag,
      trusted_acr: list(text({ most: 200 })),
      trusted_amr: list(text({ most: 200 })),
    },
  ),
)
const signIn = object(
  {},
  {
    factors: list(oneOf('password', 'passkey', 'totp', 'email')),
    second_factor: oneOf('administrators', 'everyone'),
    session_minutes: whole,
    time_zone: text({ most: 64 }),
    remember_device_days: whole,
    authenticators: list(
      text({ most: 36, pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, says: 'is no AAGUID' }),
    ),
    user_verification: oneOf('required', 'preferred'),
  },
)

const tokens = object(
  {},
  {
    access_token_seconds: whole,
    machine_token_seconds: whole,
    refresh_token_seconds: whole,
    key_days: whole,
    command_line: flag,
    client_metadata_hosts: list(text({ most: 253 })),
  },
)

const brandText = object({}, { welcome: text({ most: 300 }), help: text({ most: 300 }) })
const brandTexts = named(brandText, { pattern: /^[a-z]{2,3}$/, says: 'is not a language, as in de' })
const branding = object(
  {},
  {
    colour: text({ most: 7 }),
    dark_colour: text({ most: 7 }),
    logo: text({ most: 22_000 }),
    dark_logo: text({ most: 22_000 }),
    texts: (located, problems) => {
      const texts = brandTexts(located, problems)
      return texts && Object.fromEntries(texts)
    },
  },
)

const registration = object(
  {},
  { open: flag, domains: list(text({ most: 253 })), approval: oneOf('administrator', 'none') },
)
const account = object({}, { edit_name: flag, edit_email: flag, close: flag })

/** One document of a configuration: some of what belongs to one organization. */
export const documentShape = object(
  { organization: placed(text(slug)) },
  {
    title: placed(title),
    state: placed(state),
    domains: placed(list(text({ most: 253 }))),
    sign_in: placed(signIn),
    sign_in_policy: placed(bundleDirectory),
    tokens: placed(tokens),
    branding: placed(branding),
    registration: placed(registration),
    account: placed(account),
    users: named(userShape),
    groups: named(groupShape, slug),
    machines: named(machineShape, slug),
    applications: named(applicationShape, slug),
    identity_providers: named(providerShape, slug),
    resources: named(list(resourceShape), slug),
    grants: list(grantShape),
  },
)
export type Document = NonNullable<ReturnType<typeof documentShape>>
