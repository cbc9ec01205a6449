import { createHash } from 'node:crypto'
import type { Id, OrganizationId, UserId } from '#kernel'

export type SessionId = Id<'ses'>

/** One browser's sign-in. Its token is known to the browser only; the table holds the hash. */
export interface Session {
  readonly id: SessionId
  readonly organizationId: OrganizationId
  readonly userId: UserId
  readonly startedAtMs: number
  /** When the person last proved who they are (`auth_time` of OIDC). */
  readonly authenticatedAtMs: number
  readonly seenAtMs: number
  readonly idleUntilMs: number
  readonly expiresAtMs: number
  /** How they did (RFC 8176). */
  readonly amr: readonly string[]
  readonly acr: Acr
  /** The same as sign-in policies name it. */
  readonly factors: readonly string[]
  /** Name of the identity provider that said so, where one did. */
  readonly provider?: string | undefined
  readonly address: string | undefined
  /** The browser as it names itself, cut to 200 characters. */
  readonly agent: string | undefined
}

/**
 * How surely: one factor, two, or one that cannot be phished and verifies the person (`phr` of OpenID's EAP ACR values).
 * Each is enough where a weaker one is asked for.
 */
export const acrs = ['urn:gatehouse:acr:1', 'urn:gatehouse:acr:2', 'phr'] as const
export type Acr = (typeof acrs)[number]

/** Undefined for a strength that is not known here. */
export const parseAcr = (text: unknown): Acr | undefined => acrs.find((acr) => acr === text)

export const isAtLeast = (acr: Acr, wanted: Acr): boolean => acrs.indexOf(acr) >= acrs.indexOf(wanted)

const hourMs = 3_600_000
export const sessionLimits = {
  idleMs: 8 * hourMs,
  absoluteMs: 7 * 24 * hourMs,
  /** A session's last use is written at most this often. */
  touchMs: 60_000,
} as const

/** What the tables know a bearer token by. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/** `federated_mfa`: what a provider says it asked for, where an owner trusts that as a second factor of ours. */
const ownSeconds = ['passkey', 'totp', 'recovery_code', 'federated_mfa']

/**
 * Whether a second factor was the person's own. A letter, or a browser that was remembered, is one for everybody but administrators.
 * @param session as far as it is known: without factors by its methods
 */
export const isOwnSecond = ({
  amr,
  factors,
}: {
  readonly amr: readonly string[]
  readonly factors?: readonly string[]
}) => (factors ?? factorsOfAmr(amr)).some((factor) => ownSeconds.includes(factor))

/** What methods (RFC 8176, and `email`) say of the factors, where nothing else is left of a sign-in: a token that outlived its session. */
export function factorsOfAmr(amr: readonly string[]): string[] {
  const names = { pwd: 'password', otp: 'totp', email: 'email', hwk: 'passkey', swk: 'passkey' } as Record<
    string,
    string
  >
  return amr.flatMap((method) => names[method] ?? [])
}

/** The level that methods (RFC 8176) amount to: `hwk` or `swk` is a passkey, `user` one that verified its person, `mfa` more than one factor. */
export function acrOf(amr: readonly string[]): Acr {
  if (!amr.includes('mfa')) return 'urn:gatehouse:acr:1'
  const passkey = amr.includes('hwk') || amr.includes('swk')
  return passkey && amr.includes('user') ? 'phr' : 'urn:gatehouse:acr:2'
}
