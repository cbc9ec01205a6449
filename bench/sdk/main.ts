// What it costs a service to check an access token by the SDK: one seen before, and a new one beside `crypto.verify` alone, in turns.
import { createHash, createPublicKey, generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto'
import { KeySet, RevocationSet, TokenVerifier } from '@gatehouse/sdk'
import type { Figure } from '../support/figures.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 5)
const many = 1_000
/** Taken in turns of so many, so that what else the machine does meets both alike. */
const few = 20
const issuer = 'https://id.example'
const audience = 'app_bench'

export async function run(): Promise<readonly Figure[]> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'ES256' }
  const fetchKeys: typeof fetch = async () => Response.json({ keys: [jwk] })
  const surroundings = { nowMs: Date.now, monotonicMs: () => performance.now(), random: Math.random }
  const keys = new KeySet({ url: `${issuer}/oauth/jwks`, fetch: fetchKeys }, surroundings)
  const revocations = new RevocationSet()
  const untilMs = Date.now() + 3_600_000
  for (let n = 0; n < 1_000; n++) revocations.add({ kind: 'session', id: `ses_${n}`, untilMs })
  const verifier = new TokenVerifier({ issuer, audience }, keys, revocations, surroundings)
  await keys.find('k1')

  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const mint = () => {
    const now = Math.floor(Date.now() / 1_000)
    const sub = `user_${createHash('sha256').update(randomUUID()).digest('hex').slice(0, 26)}`
    const claims = {
      iss: issuer,
      aud: audience,
      sub,
      client_id: 'app_web',
      jti: randomUUID(),
      iat: now,
      exp: now + 300,
    }
    const more = { scope: 'openid profile', org: 'org_bench', sid: randomUUID(), gid: randomUUID(), acr: 'phr' }
    const signed = `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })}.${encode({ ...claims, ...more })}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }
  const key = createPublicKey({ key: jwk as never, format: 'jwk' })
  const bare = (token: string) => {
    const at = token.lastIndexOf('.')
    const how = { key, dsaEncoding: 'ieee-p1363' as const }
    if (!verify('sha256', Buffer.from(token.slice(0, at)), how, Buffer.from(token.slice(at + 1), 'base64url')))
      throw new Error('a signature that does not count')
  }
  const time = (work: () => void) => {
    const startedAt = performance.now()
    work()
    return (performance.now() - startedAt) * 1_000
  }
  const news: number[] = []
  const bares: number[] = []
  const seens: number[] = []
  for (let round = 0; round < rounds + 1; round++) {
    for (let at = 0; at < many; at += few) {
      const tokens = Array.from({ length: few }, mint)
      const check = () => {
        for (const token of tokens)
          if (verifier.verify(token) instanceof Promise) throw new Error('the key was not there')
      }
      const bareMicros = time(() => tokens.forEach(bare)) / few
      const newMicros = time(check) / few
      let seenMicros = 0
      for (let turn = 0; turn < 10; turn++) seenMicros += time(check) / few / 10
      if (round === 0) continue // what is hot is compiled by now
      bares.push(bareMicros)
      news.push(newMicros)
      seens.push(seenMicros)
    }
  }
  const [bareMicros, newMicros, seenMicros] = [median(bares), median(news), median(seens)]
  const ratio = median(news.map((micros, at) => micros / (bares[at] as number)))
  const micros = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} µs`
  return [
    { what: 'access token seen before', measured: micros(seenMicros), target: '≤ 5 µs', met: seenMicros <= 5 },
    { what: 'new access token (ES256)', measured: micros(newMicros) },
    { what: 'crypto.verify of the same', measured: micros(bareMicros) },
    { what: 'new ÷ crypto.verify', measured: `${ratio.toFixed(2)} ×`, target: '≤ 1.5 ×', met: ratio <= 1.5 },
  ]
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
