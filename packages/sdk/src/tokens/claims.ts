import { isObject } from './jws.ts'

/** The claims of an access token (RFC 9068 §2.2), checked. */
export interface AccessTokenClaims {
  readonly iss: string
  /** User, machine, or for client credentials the client itself. */
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly client_id: string
  readonly jti: string
  /** Seconds. */
  readonly exp: number
  readonly iat: number
  readonly nbf?: number
  readonly scope?: string
  /** Of an API key that is for some actions only. */
  readonly actions?: readonly string[]
  /** Organization of the subject. */
  readonly org?: string
  /** Public id of the sign-in session that it ends with. */
  readonly sid?: string
  /** Grant that it comes from. */
  readonly gid?: string
  readonly auth_time?: number
  readonly acr?: string
  readonly amr?: readonly string[]
  /** What the sender must prove to hold (RFC 7800 §3). */
  readonly cnf?: { readonly jkt?: string; readonly 'x5t#S256'?: string }
  /** Who acts for the subject (RFC 8693 §4.1). */
  readonly act?: Actor
  /** Its place in a list of revoked tokens (Token Status List §6.2). */
  readonly status?: { readonly status_list?: { readonly idx?: number; readonly uri?: string } }
  /** RFC 9396 §9.1. */
  readonly authorization_details?: readonly Readonly<Record<string, unknown>>[]
}

export interface Actor {
  readonly sub: string
  readonly act?: Actor
}

const actorsMost = 10

/** Whom a token hangs on: its subject, its client, and everybody who acts for somebody in it. */
export function principalsOf(claims: AccessTokenClaims): string[] {
  const all = [claims.sub, claims.client_id]
  for (let actor = claims.act; actor !== undefined; actor = actor.act) all.push(actor.sub)
  return all
}

/** Checks the form of what a signed token says; undefined when it is no access token. Time and audience are not looked at. */
export function readClaims(claims: Record<string, unknown>, issuer: string): AccessTokenClaims | undefined {
  if (claims.iss !== issuer) return undefined
  for (const name of ['sub', 'client_id', 'jti']) if (!isText(claims[name])) return undefined
  for (const name of ['exp', 'iat']) if (!Number.isSafeInteger(claims[name])) return undefined
  if (claims.nbf !== undefined && !Number.isSafeInteger(claims.nbf)) return undefined
  const { aud, cnf, act } = claims
  if (!isText(aud) && !(Array.isArray(aud) && aud.length > 0 && aud.every(isText))) return undefined
  if (claims.status !== undefined && !isStatus(claims.status)) return undefined
  if (cnf !== undefined && !isConfirmation(cnf)) return undefined
  if (act !== undefined && !isActor(act, actorsMost)) return undefined
  for (const name of ['scope', 'org', 'sid', 'gid', 'acr'])
    if (claims[name] !== undefined && typeof claims[name] !== 'string') return undefined
  return Object.freeze(claims) as unknown as AccessTokenClaims
}

const isStatus = (value: unknown): boolean =>
  isObject(value) && (value.status_list === undefined || isObject(value.status_list))
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** A way of confirmation that is not known here cannot be checked, so a token that has one does not count. */
function isConfirmation(cnf: unknown): boolean {
  if (typeof cnf !== 'object' || cnf === null) return false
  const entries = Object.entries(cnf)
  const known = ([name, value]: [string, unknown]) => ['jkt', 'x5t#S256'].includes(name) && isText(value)
  return entries.length > 0 && entries.every(known)
}

function isActor(act: unknown, depth: number): boolean {
  if (typeof act !== 'object' || act === null || depth === 0) return false
  const { sub, act: next } = act as Record<string, unknown>
  return isText(sub) && (next === undefined || isActor(next, depth - 1))
}
