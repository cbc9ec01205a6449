import { Fault, isId, type OrganizationId } from '#kernel'
import type { Transitions } from '../lifecycle.ts'
import { parseDomain } from '../values/email.ts'
import { Problems } from '../values/problems.ts'
import { parseDisplayName, parseSlug } from '../values/text.ts'
import { type Branding, parseBranding } from './branding.ts'

export const organizationStates = ['active', 'suspended', 'deleted'] as const
export type OrganizationState = (typeof organizationStates)[number]

/** A tenant of the deployment. */
export interface Organization {
  readonly id: OrganizationId
  /** Unique in the deployment; a DNS label. A tombstone's is its id. */
  readonly name: string
  readonly displayName: string
  /** E-mail domains that the operator vouches for; each belongs to one organization at most. Sorted. */
  readonly domains: readonly string[]
  readonly settings: OrganizationSettings
  readonly state: OrganizationState
  readonly createdAtMs: number
  readonly updatedAtMs: number
  readonly revision: number
}

/** What the sign-in rooms read. Absent members mean the deployment's default. */
export interface OrganizationSettings {
  readonly signIn?: {
    /** Ways that people of the organization may sign in. */
    readonly factors?: readonly SignInFactor[]
    readonly secondFactor?: 'administrators' | 'everyone'
    readonly sessionMinutes?: number
    /** For how many days a browser may skip the second factor when its person wishes so; never, when absent. */
    readonly rememberDeviceDays?: number
    /** AAGUIDs of the authenticators whose passkeys are taken, which must attest what they are; any, when absent. */
    readonly authenticators?: readonly string[]
    /** Whether a passkey must verify its person even after a password; `required` when absent. */
    readonly userVerification?: 'required' | 'preferred'
    /** IANA name of the zone in which sign-in policies are told hour and day; UTC when absent. */
    readonly timeZone?: string
  }
  readonly tokens?: TokenLimits
  readonly branding?: Branding
  readonly registration?: RegistrationRules
  readonly account?: AccountRules
}

/** Whether and how people make accounts in the organization by themselves. Absent: not at all. */
export interface RegistrationRules {
  readonly open?: boolean
  /** E-mail domains that may; `*` for any. Absent: the organization's own. */
  readonly domains?: readonly string[]
  /** Absent: `administrator`. */
  readonly approval?: 'administrator' | 'none'
}

/** What people may do with their own account. */
export interface AccountRules {
  /** Absent: yes. */
  readonly editName?: boolean
  /** Absent: no, since the address may be how others know who somebody is. */
  readonly editEmail?: boolean
  /** Absent: yes. */
  readonly close?: boolean
}

/** What the organization's applications and machines get at most: each can only tighten what the deployment allows. */
export interface TokenLimits {
  /** People's access tokens. */
  readonly accessTokenSeconds?: number
  /** Access tokens of machines, and of services for themselves. */
  readonly machineTokenSeconds?: number
  /** Refresh tokens without use. */
  readonly refreshTokenSeconds?: number
  /** API keys, and keys and secrets of machines: days. */
  readonly keyDays?: number
  /** Hosts whose programs may come without being registered, by a client id metadata document; `*` for any. */
  readonly clientMetadataHosts?: readonly string[]
  /** Whether its people may use the built-in client of the command line (`gatehouse login`); `home` says it for everybody. Absent: yes. */
  readonly commandLine?: boolean
}
export const signInFactors = ['password', 'passkey', 'totp', 'email'] as const
export type SignInFactor = (typeof signInFactors)[number]

/** The name of the operator's own organization, made at first start. */
export const homeName = 'home'

export type OrganizationTransition = 'activate' | 'suspend' | 'delete'
export const organizationTransitions: Transitions<OrganizationState, OrganizationTransition> = {
  activate: { from: ['suspended'], to: 'active' },
  suspend: { from: ['active'], to: 'suspended' },
  delete: { from: ['active', 'suspended'], to: 'deleted' },
}

export interface OrganizationInput {
  readonly name: string
  readonly displayName?: string
  readonly domains?: readonly string[]
  readonly settings?: OrganizationSettings
}
export type OrganizationChange = Partial<OrganizationInput>

const domainsMost = 100

/** @throws {Fault} `directory.organization_unknown` for what is not even an id */
export function parseOrganizationId(text: unknown): OrganizationId {
  if (!isId('org', text)) throw new Fault('directory.organization_unknown')
  return text
}

/** Checks and normalises the members that are given. @throws {Fault} `directory.invalid` */
export function parseOrganizationChange(input: OrganizationChange): OrganizationChange {
  const problems = new Problems()
  const { name, displayName, domains, settings } = input
  const parsed: OrganizationChange = {
    ...(name !== undefined && { name: parseSlug(problems, '/name', name) }),
    ...(displayName !== undefined && { displayName: parseDisplayName(problems, '/displayName', displayName) }),
    ...(domains !== undefined && {
      domains: [...new Set(domains.map((text, at) => parseDomain(problems, `/domains/${at}`, text)))].sort(),
    }),
    ...(settings !== undefined && { settings: parseSettings(problems, settings) }),
  }
  problems.check((domains?.length ?? 0) <= domainsMost, '/domains', `must have at most ${domainsMost} items`)
  problems.throwIfAny()
  return parsed
}

function parseSettings(problems: Problems, settings: OrganizationSettings): OrganizationSettings {
  const { signIn, tokens } = settings
  for (const [at, host] of (tokens?.clientMetadataHosts ?? []).entries())
    problems.check(
      host === '*' || URL.parse(`https://${host}`)?.host === host,
      `/settings/tokens/clientMetadataHosts/${at}`,
      'must be a host name, or * for any',
    )
  if (signIn?.timeZone !== undefined)
    problems.check(isTimeZone(signIn.timeZone), '/settings/signIn/timeZone', 'must be a time zone, as in Europe/Berlin')
  if (signIn?.factors !== undefined) {
    const factors = new Set(signIn.factors)
    problems.check(
      factors.has('password') || factors.has('passkey'),
      '/settings/signIn/factors',
      'must have password or passkey, or nobody could sign in',
    )
  }
  const { branding, registration } = settings
  if (registration?.domains !== undefined)
    problems.check(
      registration.domains.length > 0,
      '/settings/registration/domains',
      'must name a domain, or be left out for those of the organization',
    )
  return {
    ...settings,
    ...(branding !== undefined && { branding: parseBranding(problems, '/settings/branding', branding) }),
    ...(registration?.domains !== undefined && {
      registration: {
        ...registration,
        domains: registration.domains.map((text, at) =>
          text === '*' ? text : parseDomain(problems, `/settings/registration/domains/${at}`, text),
        ),
      },
    }),
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
