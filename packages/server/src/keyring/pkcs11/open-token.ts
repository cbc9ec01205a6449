import { createHash, createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Fault, Secret } from '#kernel'
import type { SigningAlgorithm } from '../signing-key.store.ts'
import {
  type attributes,
  CryptokiError,
  classes,
  isAboutPin,
  loadCryptoki,
  mechanisms,
  type Template,
} from './cryptoki.ts'
import type { SigningToken, SigningTokenOptions } from './signing-token.ts'

/** DER of the object identifier of P-256 (RFC 5480 §2.1.1.1). */
const p256 = Buffer.from('06082a8648ce3d030107', 'hex')
const flag = (value: boolean) => Buffer.from([value ? 1 : 0])
const ulong = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

/** How each algorithm is said in PKCS#11. EdDSA is left out: many tokens have it under other numbers. */
const kinds = {
  ES256: { pair: mechanisms.ecKeyPair, sign: mechanisms.ecdsa, hashed: true, open: [['ecParams', p256]] },
  RS256: {
    pair: mechanisms.rsaKeyPair,
    sign: mechanisms.rsaSha256,
    hashed: false,
    open: [
      ['modulusBits', ulong(3_072)],
      ['publicExponent', Buffer.from([1, 0, 1])],
    ],
  },
} as const satisfies Record<string, { pair: number; sign: number; hashed: boolean; open: Template }>

/**
 * Opens a PKCS#11 token (OASIS PKCS #11 2.40). INVARIANT: keys are made in it, sensitive and not extractable: what this process has
 * of them is a name. Calls are synchronous: a token that answers slowly slows the process.
 * @throws {Fault} `keyring.token_unavailable` with what is wrong: module, label or PIN
 */
export function openToken(options: SigningTokenOptions): SigningToken {
  const cryptoki = loadCryptoki(options.module)
  const pin = new Secret(readPin(options.pinFile))
  cryptoki.initialize()
  // INVARIANT: a PIN that was refused is not tried again: requests that want signatures must not lock the token.
  let refused: CryptokiError | undefined
  const open = (): number => {
    if (refused !== undefined) throw refused
    const found = cryptoki.tokens().find(({ label }) => label === options.label)
    if (found === undefined)
      throw new Fault('keyring.token_unavailable', { detail: `no token is called ${options.label}` })
    try {
      return cryptoki.openSession(found.slot, pin.reveal())
    } catch (error) {
      if (error instanceof CryptokiError && isAboutPin(error)) refused = error
      throw error
    }
  }
  let session = open()
  const handles = new Map<string, number>()
  /** A session ends when the token is reset or away for a while: one more try, by a new one. */
  const inSession = <T>(run: (session: number) => T): T => {
    try {
      return run(session)
    } catch (error) {
      if (!(error instanceof CryptokiError)) throw error
      handles.clear()
      cryptoki.closeSession(session)
      session = open()
      return run(session)
    }
  }
  const find = (at: number, id: string, kind: number): number | undefined =>
    cryptoki.find(at, [
      ['class', ulong(kind)],
      ['id', Buffer.from(id, 'hex')],
    ])
  const kindOf = (algorithm: SigningAlgorithm) => {
    if (algorithm === 'EdDSA')
      throw new Fault('keyring.token_unavailable', { detail: 'the token signs ES256 and RS256' })
    return kinds[algorithm]
  }
  return {
    generate: (algorithm) =>
      inSession((at) => {
        const kind = kindOf(algorithm)
        const id = randomBytes(16)
        const both: Template = [
          ['token', flag(true)],
          ['id', id],
          ['label', Buffer.from(`gatehouse ${algorithm}`)],
        ]
        const pair = cryptoki.generate(
          at,
          kind.pair,
          [...both, ['private', flag(false)], ['verify', flag(true)], ...kind.open],
          [
            ...both,
            ['private', flag(true)],
            ['sensitive', flag(true)],
            ['extractable', flag(false)],
            ['sign', flag(true)],
          ],
        )
        const read = (name: keyof typeof attributes) => cryptoki.read(at, pair.open, name)
        return { id: id.toString('hex'), publicKey: algorithm === 'ES256' ? ecKey(read('ecPoint')) : rsaKey(read) }
      }),
    sign: (id, algorithm, data) =>
      inSession((at) => {
        const kind = kindOf(algorithm)
        const key = handles.get(id) ?? find(at, id, classes.private)
        if (key === undefined) throw new Fault('keyring.key_unknown')
        handles.set(id, key)
        const input = kind.hashed ? createHash('sha256').update(data).digest() : data
        return new Uint8Array(cryptoki.sign(at, kind.sign, key, input))
      }),
    destroy: (id) =>
      inSession((at) => {
        handles.delete(id)
        for (const kind of [classes.private, classes.public]) {
          const object = find(at, id, kind)
          if (object !== undefined) cryptoki.destroy(at, object)
        }
      }),
    close: () => cryptoki.closeSession(session),
  }
}

function readPin(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new Fault('keyring.token_unavailable', { cause, detail: `${file} cannot be read` })
  }
}

/** @param point DER of an octet string that holds the uncompressed point; some tokens give it bare */
function ecKey(point: Buffer): KeyObject {
  const raw = point.subarray(-64)
  const [x, y] = [raw.subarray(0, 32), raw.subarray(32)].map((half) => half.toString('base64url')) as [string, string]
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
}

function rsaKey(read: (name: keyof typeof attributes) => Buffer): KeyObject {
  const [n, e] = [read('modulus'), read('publicExponent')].map((value) => value.toString('base64url')) as [
    string,
    string,
  ]
  return createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' })
}
