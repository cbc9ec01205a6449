import { GatehouseError } from '../errors.ts'
import type { AccessTokenClaims } from './claims.ts'

/** Gatehouse's sign-in strengths, weakest first: each is enough where a weaker one is asked for. */
const strengths: readonly string[] = ['urn:gatehouse:acr:1', 'urn:gatehouse:acr:2', 'phr']

/** How a person must have signed in. */
export interface Authentication {
  /** Any of these is enough. */
  readonly acrValues?: readonly string[]
  /** All of these methods must have been used (RFC 8176). */
  readonly amrValues?: readonly string[]
  /** How long ago at most. */
  readonly maxAgeSeconds?: number
}

const skewSeconds = 60

/**
 * Asks for a stronger or fresher sign-in than the token's (RFC 9470 §3).
 * @throws {GatehouseError} `token.step_up` with the challenge that sends the client to sign its user in again
 */
export function requireAuthentication(claims: AccessTokenClaims, wanted: Authentication, nowMs: number): void {
  const { acrValues, amrValues = [], maxAgeSeconds } = wanted
  const acr = claims.acr
  const enough = acrValues === undefined || (acr !== undefined && acrValues.some((value) => isEnough(acr, value)))
  const strong = enough && amrValues.every((method) => claims.amr?.includes(method) === true)
  const age = claims.auth_time === undefined ? Number.POSITIVE_INFINITY : nowMs / 1_000 - claims.auth_time
  const fresh = maxAgeSeconds === undefined || age <= maxAgeSeconds + skewSeconds
  if (strong && fresh) return
  const parts = ['error="insufficient_user_authentication"']
  if (!strong) parts.push('error_description="A stronger sign-in is required"')
  else parts.push('error_description="A fresher sign-in is required"')
  // Both are told whatever is amiss: a client that repeats the sign-in shall not fail at the other.
  if (acrValues !== undefined) parts.push(`acr_values="${acrValues.filter(isQuotable).join(' ')}"`)
  if (maxAgeSeconds !== undefined) parts.push(`max_age="${Math.floor(maxAgeSeconds)}"`)
  const scheme = claims.cnf?.jkt === undefined ? 'Bearer' : 'DPoP'
  throw new GatehouseError('token.step_up', 'The person must sign in again, in a stronger or fresher way', {
    challenge: `${scheme} ${parts.join(', ')}`,
  })
}

/** @throws {GatehouseError} `token.scope_missing` (RFC 6750 §3.1) */
export function requireScope(claims: AccessTokenClaims, scope: string): void {
  if (claims.scope?.split(' ').includes(scope)) return
  const named = isQuotable(scope) ? `, scope="${scope}"` : ''
  throw new GatehouseError('token.scope_missing', 'The access token lacks a scope', {
    challenge: `Bearer error="insufficient_scope"${named}`,
  })
}

/** Whoever limits a credential to some actions keeps it to them, whatever its owner may. @throws {GatehouseError} `token.scope_missing` */
export function requireAction(actions: readonly string[], action: string): void {
  if (actions.includes(action)) return
  throw new GatehouseError('token.scope_missing', 'The API key is not for this action', {
    challenge: 'Bearer error="insufficient_scope"',
  })
}

function isEnough(acr: string, wanted: string): boolean {
  if (acr === wanted) return true
  const [has, needs] = [strengths.indexOf(acr), strengths.indexOf(wanted)]
  return has !== -1 && needs !== -1 && has >= needs
}

const isQuotable = (text: string) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text)
