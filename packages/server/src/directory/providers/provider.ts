import { Fault, type Id, isId, type OrganizationId } from '#kernel'
import type { Transitions } from '../lifecycle.ts'
import '../faults.ts'
import { parseDomain } from '../values/email.ts'
import { Problems } from '../values/problems.ts'
import { parseDisplayName, parseSlug } from '../values/text.ts'

export type ProviderId = Id<'idp'>

/** How Gatehouse proves itself there. `private_key_jwt` is by the keys it publishes itself: no secret is kept by anybody. */
export const providerAuthMethods = ['private_key_jwt', 'client_secret_basic', 'client_secret_post'] as const
export type ProviderAuthMethod = (typeof providerAuthMethods)[number]

export const providerStates = ['active', 'suspended'] as const
export type ProviderState = (typeof providerStates)[number]
export const providerTransitions = {
  activate: { from: ['suspended'], to: 'active' },
  suspend: { from: ['active'], to: 'suspended' },
} as const satisfies Transitions<ProviderState, string>
export type ProviderTransition = keyof typeof providerTransitions

/** An OpenID Connect provider by which people of an organization may sign in. */
export interface Provider {
  readonly id: ProviderId
  readonly organizationId: OrganizationId
  /** Unique in the organization; a DNS label. What sign-in policies know it by. */
  readonly name: string
  /** What people read: "Continue with …". */
  readonly displayName: string
  /** `iss` of its ID tokens, letter by letter. Fixed, as `clientId` is: what it says of whom hangs on both. */
  readonly issuer: string
  /** Ours there. */
  readonly clientId: string
  readonly authMethod: ProviderAuthMethod
  /** Asked for there; always `openid`. */
  readonly scopes: readonly string[]
  /** E-mail domains whose people it is offered to, and whose unknown people it may bring. Empty: offered to all, brings nobody. */
  readonly domains: readonly string[]
  /** Whether people whom nobody knows here get an account, or wait for one, as the organization's registration rules say. */
  readonly provisions: boolean
  /** Values of `acr` and `amr` that count as a second factor of ours. Empty: none does. */
  readonly trustedAcr: readonly string[]
  readonly trustedAmr: readonly string[]
  readonly state: ProviderState
  readonly createdAtMs: number
  readonly updatedAtMs: number
  readonly revision: number
}

export interface ProviderChange {
  readonly name?: string
  readonly displayName?: string
  readonly authMethod?: ProviderAuthMethod
  readonly scopes?: readonly string[]
  readonly domains?: readonly string[]
  readonly provisions?: boolean
  readonly trustedAcr?: readonly string[]
  readonly trustedAmr?: readonly string[]
}
export interface ProviderInput extends ProviderChange {
  readonly name: string
  readonly issuer: string
  readonly clientId: string
}

/** Providers of one organization. */
export const providersMost = 20

export const isProviderId = (text: unknown): text is ProviderId => isId('idp', text)

/** @throws {Fault} `directory.provider_unknown` for what is not even an id */
export function parseProviderId(text: unknown): ProviderId {
  if (!isId('idp', text)) throw new Fault('directory.provider_unknown')
  return text
}

/** Whether a change is the owner's: what another system says would count as our second factor. */
export const widensTrust = (change: ProviderChange, before?: Provider): boolean =>
  (change.trustedAcr ?? []).some((value) => !before?.trustedAcr.includes(value)) ||
  (change.trustedAmr ?? []).some((value) => !before?.trustedAmr.includes(value))

/** Checks and normalises the members that are given. @throws {Fault} `directory.invalid` */
export function parseProvider<T extends ProviderChange & Partial<ProviderInput>>(given: T): T {
  const problems = new Problems()
  const { name, displayName, issuer, clientId, scopes, domains, provisions, trustedAcr, trustedAmr } = given
  const words = (pointer: string, values: readonly string[] | undefined, most: number) => {
    problems.check((values?.length ?? 0) <= most, pointer, `must have at most ${most} items`)
    for (const [at, value] of (values ?? []).entries())
      problems.check(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(value), `${pointer}/${at}`, 'must be 1 to 200 visible characters') // biome-ignore format: one line
  }
  words('/scopes', scopes, 20)
  words('/trustedAcr', trustedAcr, 20)
  words('/trustedAmr', trustedAmr, 20)
  if (issuer !== undefined) problems.check(isIssuer(issuer), '/issuer', 'must be an https address without query')
  if (clientId !== undefined)
    problems.check(/^[\x20-\x7e]{1,300}$/.test(clientId), '/clientId', 'must be 1 to 300 ASCII characters')
  problems.check((domains?.length ?? 0) <= 100, '/domains', 'must have at most 100 items')
  const parsed = {
    ...given,
    ...(name !== undefined && { name: parseSlug(problems, '/name', name) }),
    ...(displayName !== undefined && { displayName: parseDisplayName(problems, '/displayName', displayName) }),
    ...(scopes !== undefined && { scopes: [...new Set(['openid', ...scopes])] }),
    ...(domains !== undefined && {
      domains: [...new Set(domains.map((text, at) => parseDomain(problems, `/domains/${at}`, text)))].sort(),
    }),
    ...(trustedAcr !== undefined && { trustedAcr: [...new Set(trustedAcr)].sort() }),
    ...(trustedAmr !== undefined && { trustedAmr: [...new Set(trustedAmr)].sort() }),
  }
  if (provisions === true && domains !== undefined)
    problems.check(domains.length > 0, '/domains', 'must name the domains whose people may be brought')
  problems.throwIfAny()
  return parsed
}

/** Plain http may stand here for loopback: whether such an address may be asked is decided at each request. */
function isIssuer(text: string): boolean {
  const url = text.length <= 1_000 && /^[\x21-\x7e]+$/.test(text) ? URL.parse(text) : null
  if (url === null || url.username !== '' || url.password !== '' || /[?#]/.test(text)) return false
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname))
  )
}
