// An issuer in this process: keys, a key set, tokens. Time stands still until it is moved.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Surroundings } from '@gatehouse/sdk'

export class StillTime implements Surroundings {
  ms = 1_800_000_000_000
  nowMs(): number {
    return this.ms
  }
  monotonicMs(): number {
    return this.ms
  }
  random(): number {
    return 0.5
  }
}

export interface TestKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: Record<string, unknown>
}

export function makeKey(kid: string): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' } }
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function signJwt(key: TestKey, header: object, claims: object): string {
  const signed = `${encode(header)}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

export const issuer = 'https://id.example'
export const audience = 'app_test'

export const claimsAt = (nowMs: number, more: object = {}) => ({
  iss: issuer,
  aud: audience,
  sub: 'user_alice',
  client_id: 'app_client',
  jti: createHash('sha256').update(JSON.stringify(more)).digest('base64url'),
  iat: Math.floor(nowMs / 1_000),
  exp: Math.floor(nowMs / 1_000) + 300,
  ...more,
})

/** A `fetch` that answers with a key set, counts, and can be out of order. */
export function keySetServer(keys: () => readonly object[]) {
  const state = { asked: 0, down: false }
  const fetch: typeof globalThis.fetch = async () => {
    state.asked++
    if (state.down) throw new TypeError('connection refused')
    return Response.json({ keys: keys() })
  }
  return { state, fetch }
}
