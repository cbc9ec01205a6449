import { hash } from 'node:crypto'
import { CedarError, PolicySet } from '@gatehouse/cedar'
import type { MachineId } from '#kernel'
import { parseLifetime } from '../values/client.ts'
import type { Problems } from '../values/problems.ts'
import { slugShape } from '../values/text.ts'

/**
 * A workload of an outside issuer (a pipeline, a pod, an instance in a cloud) that may be this machine, without a secret of ours: by
 * an assertion that the issuer has signed for us and whose claims fulfil the condition (RFC 7523, RFC 8693).
 */
export interface Trust {
  /** Its tokens carry it as their grant. */
  readonly id: string
  /** Unique in the machine. */
  readonly name: string
  /** `iss` of the assertions, letter by letter; `spiffe://` and a trust domain for JWT-SVIDs. */
  readonly issuer: string
  /** What `aud` must name; undefined for this Gatehouse's own address. */
  readonly audience?: string
  /** Where the issuer's keys are; by OpenID Connect Discovery when neither this nor `jwks` is given. */
  readonly jwksUri?: string
  /** The keys themselves, of an issuer that cannot be reached from here. */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
  /** A Cedar expression over `context.claims`. */
  readonly condition: string
  /** Whether an assertion with a `jti` is taken once only. */
  readonly singleUse: boolean
  /** Longest life of a token, in seconds. */
  readonly tokenSeconds: number
  readonly createdAtMs: number
}

export interface TrustInput {
  readonly name: string
  readonly issuer: string
  readonly audience?: string
  readonly jwksUri?: string
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
  readonly condition: string
  readonly singleUse?: boolean
  readonly tokenSeconds?: number
}

export const trustsMost = 20

/**
 * Checks trusts and gives new ones their ids; one that keeps its name and issuer keeps its id. A condition must ask something of the
 * claims: an issuer serves many tenants, and whoever is trusted without one is everybody it knows.
 */
export function parseTrusts(
  problems: Problems,
  pointer: string,
  given: readonly TrustInput[],
  before: readonly Trust[],
  of: { readonly machineId: MachineId; readonly nowMs: number },
): Trust[] {
  problems.check(given.length <= trustsMost, pointer, `must have at most ${trustsMost} items`)
  problems.check(new Set(given.map(({ name }) => name)).size === given.length, pointer, 'must have no name twice')
  return given.map((input, at) => {
    const place = `${pointer}/${at}`
    const { name, issuer, audience, jwksUri, jwks, condition, singleUse = false, tokenSeconds = 900 } = input
    problems.check(slugShape.test(name), `${place}/name`, 'must be a name: a-z, 0-9 and inner hyphens')
    problems.check(isIssuer(issuer), `${place}/issuer`, 'must be an https address, or spiffe:// and a trust domain')
    problems.check(
      audience === undefined || isText(audience),
      `${place}/audience`,
      'must be 1 to 500 visible characters',
    )
    problems.check(jwksUri === undefined || isHttp(jwksUri), `${place}/jwksUri`, 'must be an https address')
    problems.check(
      !issuer.startsWith('spiffe://') || jwksUri !== undefined || jwks !== undefined,
      place,
      'needs jwksUri or jwks: a trust domain has no discovery',
    )
    problems.check(jwksUri === undefined || jwks === undefined, place, 'takes jwksUri or jwks, not both')
    if (jwks !== undefined) checkKeys(problems, `${place}/jwks`, jwks)
    const wrong = problemOfCondition(condition)
    problems.check(wrong === undefined, `${place}/condition`, wrong ?? '')
    parseLifetime(problems, `${place}/tokenSeconds`, tokenSeconds, [60, 3_600])
    const old = before.find((one) => one.name === name && one.issuer === issuer)
    return {
      id: old?.id ?? newTrustId(of, name, issuer),
      name,
      issuer,
      ...(audience !== undefined && { audience }),
      ...(jwksUri !== undefined && { jwksUri }),
      ...(jwks !== undefined && { jwks }),
      condition,
      singleUse,
      tokenSeconds,
      createdAtMs: old?.createdAtMs ?? of.nowMs,
    }
  })
}

// One that was taken away and comes again is another: what came by the first stays ended.
const newTrustId = (of: { machineId: MachineId; nowMs: number }, name: string, issuer: string): string =>
  `trust_${hash('sha256', JSON.stringify([of.machineId, name, issuer, of.nowMs]), 'hex').slice(0, 26)}`

/** The one policy that a condition is, for whoever evaluates it: it permits, or nothing does. */
export const policyOf = (condition: string): string => `permit (principal, action, resource) when {\n${condition}\n};`

function problemOfCondition(condition: string): string | undefined {
  if (condition.trim() === '' || condition.length > 4_000) return 'must have 1 to 4000 characters'
  try {
    const set = PolicySet.parse(policyOf(condition)).toJson() as {
      staticPolicies?: Record<string, { conditions: unknown[] }>
      templates?: object
    }
    const policies = Object.values(set.staticPolicies ?? {})
    const [only] = policies
    if (policies.length !== 1 || only?.conditions.length !== 1 || Object.keys(set.templates ?? {}).length > 0)
      return 'must be one Cedar expression'
    if (!/"attr":\s*"claims"/.test(JSON.stringify(only.conditions)))
      return 'must ask something of context.claims, as in context.claims.repository == "acme/app"'
    return undefined
  } catch (error) {
    if (error instanceof CedarError) return `is no Cedar expression: ${error.message.slice(0, 300)}`
    throw error
  }
}

function checkKeys(problems: Problems, pointer: string, jwks: NonNullable<TrustInput['jwks']>): void {
  problems.check(jwks.keys.length > 0 && jwks.keys.length <= 20, `${pointer}/keys`, 'must have 1 to 20 items')
  for (const [at, key] of jwks.keys.entries()) {
    const secret = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].find((member) => Object.hasOwn(key, member))
    const says = `must be a public key of kty EC, OKP or RSA${secret === undefined ? '' : `, without "${secret}"`}`
    const right = secret === undefined && ['EC', 'OKP', 'RSA'].includes(String(key.kty))
    problems.check(right, `${pointer}/keys/${at}`, says)
  }
}

const isText = (text: string) => /^[\x21-\x7e]{1,500}$/.test(text)

function isIssuer(text: string): boolean {
  return /^spiffe:\/\/[a-z0-9._-]{1,255}$/.test(text) || isHttp(text)
}

/** Plain http may stand here: whether such an address may be asked is decided at each request. */
function isHttp(text: string): boolean {
  const url = text.length <= 1_000 && /^[\x21-\x7e]+$/.test(text) ? URL.parse(text) : null
  if (url === null || url.username !== '' || url.password !== '' || text.includes('#')) return false
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname))
  )
}
