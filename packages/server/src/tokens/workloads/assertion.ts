import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import type { Machine, Trust } from '#directory'
import type { Clock } from '#kernel'
import type { IssuerKeys } from '#web'
import { skewSeconds } from '../oidc/lifetimes.ts'
import { readJws } from '../verify/read-jws.ts'
import { fulfils } from './condition.ts'
import type { FederationHealth, FederationOutcome } from './federation-health.ts'

export interface AssertionDeps {
  /** This Gatehouse's own address: the audience of assertions unless the trust names another. */
  readonly url: string
  readonly clock: Clock
  readonly keys: IssuerKeys
  readonly health: FederationHealth
  /** The active machines that some workload of an issuer may be. */
  readonly machinesTrusting: (issuer: string) => Promise<readonly Machine[]>
}

/** An outside workload that is let in as a machine. */
export interface Admitted {
  readonly machine: Machine
  readonly trust: Trust
  readonly issuer: string
  readonly subject: string
  readonly jti: string | undefined
  readonly expiresAtSeconds: number
}

/** Why not; `known` is the workload when its signature was right. */
export interface NotAdmitted {
  readonly why: Exclude<FederationOutcome, 'admitted' | 'unreachable'>
  readonly says: string
  readonly known?: { readonly issuer: string; readonly subject: string; readonly machines: readonly Machine[] }
}

const algorithms = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']
const lengthMost = 16_384

/** The issuer that a JWT claims to be from, unverified: its `iss`, or the trust domain of a SPIFFE subject without one. */
export function issuerOf(token: string): string | undefined {
  if (token.length > lengthMost) return undefined
  const { iss, sub } = readJws(token)?.payload ?? {}
  if (typeof iss === 'string' && !(typeof sub === 'string' && sub.startsWith('spiffe://'))) return iss
  return typeof sub === 'string' ? /^spiffe:\/\/[a-z0-9._-]{1,255}(?=\/)/.exec(sub)?.[0] : undefined
}

/**
 * Finds the trust that lets the bearer of an assertion be a machine: its issuer, its signature by a key of the issuer, its
 * audience, its time, and the claims that the trust asks for.
 * @param machineId the machine that is asked to be; undefined when there is one only
 */
export async function admit(
  deps: AssertionDeps,
  token: string,
  machineId: string | undefined,
): Promise<Admitted | NotAdmitted> {
  const issuer = issuerOf(token)
  if (issuer === undefined) return { why: 'invalid', says: 'the assertion is no JWT that names its issuer' }
  const machines = await deps.machinesTrusting(issuer)
  const trusts = machines
    .filter(({ id }) => machineId === undefined || id === machineId)
    .flatMap((machine) => machine.trusts.filter((one) => one.issuer === issuer).map((trust) => ({ machine, trust })))
  if (trusts.length === 0) return { why: 'unknown_issuer', says: 'nobody here trusts the issuer of the assertion' }
  const checked = new Map<string, Promise<JWTPayload | undefined>>()
  const fitting: Admitted[] = []
  let seen: JWTPayload | undefined
  for (const { machine, trust } of trusts) {
    const audience = trust.audience ?? deps.url
    const key = JSON.stringify([trust.jwksUri, trust.jwks, audience])
    let claims = checked.get(key)
    if (claims === undefined) {
      claims = verifyBy(deps, token, trust, audience)
      checked.set(key, claims)
    }
    const payload = await claims
    if (payload === undefined) continue
    seen = payload
    if (!fulfils(trust.condition, payload, machine.id)) continue
    const { sub = '', jti, exp } = payload
    fitting.push({ machine, trust, issuer, subject: sub, jti, expiresAtSeconds: exp as number })
  }
  const [first] = fitting
  if (first !== undefined) {
    if (fitting.every(({ machine }) => machine.id === first.machine.id)) return first
    return { why: 'condition', says: 'several machines trust this workload: name one by client_id' }
  }
  if (seen === undefined)
    return { why: 'invalid', says: 'the assertion is not valid here: signature, audience or time' }
  const known = { issuer, subject: String(seen.sub), machines: trusts.map(({ machine }) => machine) }
  return { why: 'condition', says: 'no trust has a condition that the claims of the assertion fulfil', known }
}

async function verifyBy(
  deps: AssertionDeps,
  token: string,
  trust: Trust,
  audience: string,
): Promise<JWTPayload | undefined> {
  const { kid } = readJws(token)?.header ?? {}
  const keys =
    trust.jwks === undefined
      ? await deps.keys.keysOf(trust, typeof kid === 'string' ? kid : undefined)
      : createLocalJWKSet(trust.jwks as unknown as JSONWebKeySet)
  try {
    const { payload } = await jwtVerify(token, keys, {
      audience,
      algorithms,
      clockTolerance: skewSeconds,
      currentDate: new Date(deps.clock.nowMs()),
      requiredClaims: ['exp', 'sub'],
      ...(!trust.issuer.startsWith('spiffe://') && { issuer: trust.issuer }),
    })
    return payload
  } catch {
    return undefined
  }
}
