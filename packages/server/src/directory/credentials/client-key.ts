import { createHash, createPublicKey, type JsonWebKey, X509Certificate } from 'node:crypto'
import type { Organization } from '../organizations/organization.ts'
import type { Problems } from '../values/problems.ts'
import type { ClientKey } from './credentials.ts'

/** A public key as a caller hands it over: a JWK (RFC 7517) and when it ends. */
export interface KeyInput {
  readonly jwk: Readonly<Record<string, unknown>>
  readonly expiresAtMs?: number
}

export const keysMost = 10
// Members that make a key private or symmetric (RFC 7518 §6).
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const memberOrder = new Map<unknown, readonly string[]>([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
  ['RSA', ['e', 'kty', 'n']],
])
const curves = new Map<unknown, string>([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
  ['Ed25519', 'EdDSA'],
])
const rsaAlgorithms = ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']

/** How long a key may live, where it must end. */
export interface KeyEnds {
  /** Where nothing is said. */
  readonly usualMs: number
  readonly mostMs: number
}

const day = 86_400_000
/** 90 days where nothing is said, 366 at most, and what an organization says where that is less. */
export function keyEndsOf({ settings }: Pick<Organization, 'settings'>, nowMs: number): KeyEnds {
  const most = Math.min(366, settings.tokens?.keyDays ?? 366)
  return { usualMs: nowMs + Math.min(90, most) * day, mostMs: nowMs + most * day }
}

/**
 * Checks public keys: EC on P-256, P-384 or P-521, Ed25519, or RSA of 2048–8192 bits; a point that is on its curve; no
 * private member; `alg`, where it is told, of the key's kind. Keys without `kid` get their thumbprint (RFC 7638).
 * @param ends where given, every key that is new gets an end, and none that is too far; one that was there keeps its own
 */
export function parseKeys(
  problems: Problems,
  pointer: string,
  given: readonly KeyInput[],
  before: readonly ClientKey[],
  nowMs: number,
  ends?: KeyEnds,
): ClientKey[] {
  problems.check(given.length <= keysMost, pointer, `must have at most ${keysMost} items`)
  const kids = new Set<string>()
  return given.map((input, at) => {
    const place = `${pointer}/${at}`
    const jwk = parseKey(problems, `${place}/jwk`, input.jwk)
    problems.check(!kids.has(jwk.kid), `${place}/jwk/kid`, 'must differ from those of the other keys')
    kids.add(jwk.kid)
    const old = before.find((key) => key.kid === jwk.kid && JSON.stringify(key.jwk) === JSON.stringify(jwk))
    const expiresAtMs = input.expiresAtMs ?? (ends === undefined ? undefined : (old?.expiresAtMs ?? ends.usualMs))
    if (ends !== undefined && expiresAtMs !== undefined && expiresAtMs !== old?.expiresAtMs)
      problems.check(
        expiresAtMs <= ends.mostMs,
        `${place}/expiresAtMs`,
        `must be within ${Math.round((ends.mostMs - nowMs) / day)} days`,
      )
    return {
      kid: jwk.kid,
      jwk,
      registeredAtMs: old?.registeredAtMs ?? nowMs,
      ...(expiresAtMs !== undefined && { expiresAtMs }),
    }
  })
}

function parseKey(problems: Problems, pointer: string, given: Readonly<Record<string, unknown>>): ClientKey['jwk'] {
  const refused = { kid: '', alg: '' }
  const found = privateMembers.filter((member) => Object.hasOwn(given, member))
  if (!problems.check(found.length === 0, pointer, `must be a public key, without "${found[0]}"`)) return refused
  const members = memberOrder.get(given.kty)
  const strings = members?.every((member) => typeof given[member] === 'string' && given[member].length <= 2_048)
  if (members === undefined || !strings) {
    problems.add(pointer, 'must be a JWK of kty EC, OKP or RSA with its public members')
    return refused
  }
  const bare: JsonWebKey = Object.fromEntries(members.map((member) => [member, given[member] as string]))
  let bits: number | undefined
  try {
    bits = createPublicKey({ key: bare, format: 'jwk' }).asymmetricKeyDetails?.modulusLength
  } catch {
    problems.add(pointer, 'is not a valid public key')
    return refused
  }
  const own = bare.kty === 'RSA' ? rsaAlgorithms : [curves.get(bare.crv)]
  if (!problems.check(own[0] !== undefined, `${pointer}/crv`, 'must be P-256, P-384, P-521 or Ed25519')) return refused
  if (bare.kty === 'RSA')
    problems.check(bits !== undefined && bits >= 2_048 && bits <= 8_192, pointer, 'must have 2048 to 8192 bits')
  const alg = given.alg ?? own[0]
  const named = alg === 'Ed25519' ? 'EdDSA' : alg
  problems.check(own.includes(named as string), `${pointer}/alg`, `must be ${own.join(' or ')}`)
  problems.check(given.use === undefined || given.use === 'sig', `${pointer}/use`, 'must be sig')
  const thumbprint = createHash('sha256').update(JSON.stringify(bare)).digest('base64url')
  const kid = given.kid ?? thumbprint
  const kidFits = typeof kid === 'string' && /^[\x21-\x7e]{1,128}$/.test(kid)
  problems.check(kidFits, `${pointer}/kid`, 'must be 1 to 128 visible ASCII characters')
  const x5c = certificateOf(given.x5c, bare)
  return { ...bare, kid: String(kid), alg: String(named), use: 'sig', ...(x5c !== undefined && { x5c }) }
}

/** The key's own certificate, for mutual TLS (RFC 8705 §2.2); what is another's, or stands behind it in the chain, is left out. */
function certificateOf(given: unknown, key: JsonWebKey): string[] | undefined {
  const first = Array.isArray(given) && typeof given[0] === 'string' && given[0].length <= 16_384 ? given[0] : ''
  try {
    const certificate = new X509Certificate(Buffer.from(first, 'base64'))
    const isItsOwn = certificate.publicKey.equals(createPublicKey({ key, format: 'jwk' }))
    return isItsOwn ? [certificate.raw.toString('base64')] : undefined
  } catch {
    return undefined
  }
}
