// How directory objects look as fields of an item, and back. Names are those of the files.
import type {
  Application,
  ApplicationChange,
  ClientKey,
  Group,
  Machine,
  Organization,
  OrganizationSettings,
  Provider,
  ProviderInput,
  Trust,
  TrustInput,
  User,
} from '#directory'

export type Fields = Readonly<Record<string, unknown>>

/** Only the members that are not undefined. */
function present(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

export function organizationFields({ displayName, domains, settings, state }: Organization): Fields {
  const { tokens, branding, registration, account } = settings
  return {
    title: displayName,
    domains,
    sign_in: signInFields(settings),
    tokens: snakeMembers(tokens ?? {}),
    branding: brandingFields(branding),
    registration: snakeMembers(registration ?? {}),
    account: snakeMembers(account ?? {}),
    state,
  }
}

export const brandingFields = (branding: OrganizationSettings['branding']): Fields => snakeMembers(branding ?? {})

function signInFields({ signIn }: OrganizationSettings): Fields {
  return present({
    factors: signIn?.factors,
    second_factor: signIn?.secondFactor,
    session_minutes: signIn?.sessionMinutes,
    time_zone: signIn?.timeZone,
    remember_device_days: signIn?.rememberDeviceDays,
    authenticators: signIn?.authenticators,
    user_verification: signIn?.userVerification,
  })
}

export function organizationChange(fields: Fields) {
  const { title, domains, sign_in, ...rest } = fields as {
    title?: string
    domains?: string[]
    sign_in?: {
      factors?: never[]
      second_factor?: never
      session_minutes?: number
      time_zone?: string
      remember_device_days?: number
      authenticators?: string[]
      user_verification?: never
    }
  }
  const signIn = sign_in && {
    factors: sign_in.factors,
    secondFactor: sign_in.second_factor,
    sessionMinutes: sign_in.session_minutes,
    timeZone: sign_in.time_zone,
    rememberDeviceDays: sign_in.remember_device_days,
    authenticators: sign_in.authenticators,
    userVerification: sign_in.user_verification,
  }
  const group = (name: 'tokens' | 'branding' | 'registration' | 'account') => {
    const members = (rest as Record<string, Record<string, unknown> | undefined>)[name]
    return members && camelMembers(members)
  }
  const settings = present({
    signIn: signIn && present(signIn),
    tokens: group('tokens'),
    branding: group('branding'),
    registration: group('registration'),
    account: group('account'),
  })
  return present({
    displayName: title,
    domains,
    settings: Object.keys(settings).length > 0 ? settings : undefined,
  }) as { displayName?: string; domains?: string[]; settings?: OrganizationSettings }
}

export function userFields({ displayName, email, attributes, state }: User): Fields {
  return { ...present({ name: displayName, email }), attributes: { ...attributes }, state }
}

export function userChange(fields: Fields) {
  const { name, email, attributes } = fields as { name?: string; email?: string; attributes?: Record<string, string> }
  return present({ displayName: name, email, attributes }) as {
    displayName?: string
    email?: string
    attributes?: Record<string, string>
  }
}

export function groupFields({ displayName }: Group, members: readonly string[]): Fields {
  return { title: displayName, members: [...members].sort() }
}

export function groupChangeOf({ title }: Fields) {
  return present({ displayName: title }) as { displayName?: string }
}

export function machineFields(machine: Machine, owner: string): Fields {
  const { displayName, credentials, scopes, accessTokenSeconds, trusts = [], state } = machine
  return {
    title: displayName,
    owner,
    auth_method: credentials.authMethod,
    keys: credentials.keys.map(keyField),
    scopes,
    access_token_seconds: accessTokenSeconds,
    trusts: trusts.map(trustField),
    state,
  }
}

export function machineChange(fields: Fields) {
  const { title, auth_method, keys, scopes, access_token_seconds, trusts } = fields as Record<string, never>
  return present({
    displayName: title,
    authMethod: auth_method,
    keys: keys && keyInputs(keys),
    scopes,
    accessTokenSeconds: access_token_seconds,
    trusts: trusts && (trusts as Fields[]).map(trustInput),
  })
}

export function applicationFields(application: Application): Fields {
  const { credentials, tokenLifetimes } = application
  return {
    title: application.displayName,
    kind: application.kind,
    redirect_uris: application.redirectUris,
    post_logout_redirect_uris: application.postLogoutRedirectUris,
    grant_types: application.grantTypes,
    auth_method: credentials.authMethod,
    keys: credentials.keys.map(keyField),
    scopes: application.scopes,
    token_lifetimes: {
      access_token_seconds: tokenLifetimes.accessTokenSeconds,
      refresh_token_seconds: tokenLifetimes.refreshTokenSeconds,
      id_token_seconds: tokenLifetimes.idTokenSeconds,
    },
    consent_required: application.consentRequired,
    oauth: oauthFields(application.oauth),
    origins: application.origins,
    // A list of pairs: the first route that matches is taken, so their order says something.
    routes: application.routes.map(({ method, path, action, resource }) => [
      `${method} ${path}`,
      `${action} ${resource}`,
    ]),
    state: application.state,
  }
}

export function applicationChange(fields: Fields): ApplicationChange {
  const given = fields as Record<string, never>
  const lifetimes = given.token_lifetimes as unknown as Record<string, number> | undefined
  const routes = given.routes as unknown as [string, string][] | undefined
  return present({
    displayName: given.title,
    redirectUris: given.redirect_uris,
    postLogoutRedirectUris: given.post_logout_redirect_uris,
    grantTypes: given.grant_types,
    authMethod: given.auth_method,
    keys: given.keys && keyInputs(given.keys),
    scopes: given.scopes,
    tokenLifetimes:
      lifetimes &&
      present({
        accessTokenSeconds: lifetimes.access_token_seconds,
        refreshTokenSeconds: lifetimes.refresh_token_seconds,
        idTokenSeconds: lifetimes.id_token_seconds,
      }),
    consentRequired: given.consent_required,
    oauth: given.oauth && oauthChange(given.oauth),
    origins: given.origins,
    routes: routes?.map(([on, does]) => {
      const [method, path] = on.split(' ') as [string, string]
      const cut = /^(.{1,128}) ((?:\w+::)+".*")$/.exec(does)
      return { method, path, action: cut?.[1] ?? does, resource: cut?.[2] ?? '' }
    }),
  }) as ApplicationChange
}

/** What has no default of its own in files: a client secret is set apart, and never exported. */
export function providerFields(
  provider: Omit<Provider, 'id' | 'organizationId' | 'createdAtMs' | 'updatedAtMs' | 'revision'>,
): Fields {
  const { displayName, issuer, clientId, authMethod, scopes, domains, provisions, trustedAcr, trustedAmr, state } =
    provider
  return {
    title: displayName,
    ...snakeMembers({ issuer, clientId, authMethod, scopes, domains, provisions, trustedAcr, trustedAmr }),
    state,
  }
}

export const providerChange = ({ title, state: _, ...rest }: Fields) =>
  present({ displayName: title, ...camelMembers(rest) }) as unknown as Omit<ProviderInput, 'name'>

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

const snakeMembers = (members: object): Fields =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [snake(name), value]))
const camelMembers = (members: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [camel(name), value]))

function oauthFields(oauth: Application['oauth']): Fields {
  const { certificateSubject, ...plain } = oauth
  return {
    ...snakeMembers(plain),
    ...(certificateSubject && {
      certificate_subject: { name: snake(certificateSubject.name), value: certificateSubject.value },
    }),
  }
}

function oauthChange(fields: Readonly<Record<string, unknown>>): ApplicationChange['oauth'] {
  const { certificate_subject, ...plain } = fields
  const subject = certificate_subject as { name: string; value: string } | undefined
  return {
    ...camelMembers(plain),
    ...(subject && { certificateSubject: { name: camel(subject.name), value: subject.value } }),
  } as ApplicationChange['oauth']
}

const trustField = ({ id: _, createdAtMs: __, ...trust }: Trust): Fields => snakeMembers(trust)
const trustInput = (fields: Fields) => camelMembers(fields) as unknown as TrustInput

function keyField({ jwk, expiresAtMs }: ClientKey): Fields {
  return { jwk: { ...jwk }, ...(expiresAtMs !== undefined && { expires: new Date(expiresAtMs).toISOString() }) }
}

function keyInputs(keys: readonly { jwk: Record<string, unknown>; expires?: string }[]) {
  return keys.map(({ jwk, expires }) => ({
    jwk,
    ...(expires !== undefined && { expiresAtMs: Date.parse(expires) }),
  }))
}
