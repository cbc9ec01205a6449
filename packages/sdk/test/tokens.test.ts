import assert from 'node:assert/strict'
import { createHash, createHmac, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import {
  type AccessTokenClaims,
  DpopProofs,
  type GatehouseError,
  KeySet,
  RevocationSet,
  requireAuthentication,
  TokenVerifier,
} from '@gatehouse/sdk'
import { audience, claimsAt, issuer, keySetServer, makeKey, StillTime, signJwt } from './support/signer.ts'

const key = makeKey('k1')
const header = { alg: 'ES256', typ: 'at+jwt', kid: 'k1' }

function open(keys: () => readonly object[] = () => [key.jwk]) {
  const time = new StillTime()
  const server = keySetServer(keys)
  const keySet = new KeySet({ url: `${issuer}/oauth/jwks`, fetch: server.fetch }, time)
  const revocations = new RevocationSet()
  const verifier = new TokenVerifier({ issuer, audience }, keySet, revocations, time)
  const verify = async (token: string) => verifier.verify(token)
  const refused = (token: string, what?: string) =>
    assert.rejects(verify(token), (error: GatehouseError) => error.code === 'token.invalid', what)
  return { time, ...server, keySet, revocations, verifier, verify, refused }
}

test('only an access token of this issuer, for this audience, under a pinned algorithm counts (RFC 9068 4)', async () => {
  const it = open()
  const claims = claimsAt(it.time.ms)
  assert.equal((await it.verify(signJwt(key, header, claims))).sub, 'user_alice')
  assert.equal((await it.verify(signJwt(key, { ...header, typ: 'application/AT+JWT' }, claims))).sub, 'user_alice')
  const bad: Record<string, [object, object]> = {
    'an id token': [{ ...header, typ: 'JWT' }, claims],
    'no type': [{ alg: 'ES256', kid: 'k1' }, claims],
    'a critical header': [{ ...header, crit: ['b64'] }, claims],
    'another algorithm': [{ ...header, alg: 'ES384' }, claims],
    'no algorithm': [{ ...header, alg: 'none' }, claims],
    'another issuer': [header, { ...claims, iss: `${issuer}/` }],
    'another audience': [header, { ...claims, aud: 'app_other' }],
    'other audiences': [header, { ...claims, aud: ['app_other', 'app_third'] }],
    'no client': [header, { ...claims, client_id: undefined }],
    'an end that is no number': [header, { ...claims, exp: `${claims.exp}` }],
    'an unknown confirmation': [header, { ...claims, cnf: { 'x5t#S512': 'x' } }],
    'chains of actors without end': [header, { ...claims, act: nested(11) }],
  }
  for (const [what, [head, body]] of Object.entries(bad)) await it.refused(signJwt(key, head, body), what)
  await it.refused('a.b', 'no JWS')
  await it.refused('x'.repeat(10_000), 'huge')
  const [h, p] = signJwt(key, { ...header, alg: 'none' }, claims).split('.')
  await it.refused(`${h}.${p}.`, 'no signature')
})

const nested = (depth: number): object => ({ sub: 'machine_x', ...(depth > 1 && { act: nested(depth - 1) }) })

test('the public key as an HMAC secret opens nothing (key confusion, RFC 8725 2.1)', async () => {
  const it = open()
  const pem = createPublicKey({ key: key.jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${encode({ ...header, alg: 'HS256' })}.${encode(claimsAt(it.time.ms))}`
  await it.refused(`${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`)
})

test('a token counts up to 60 seconds past its end and before its beginning, and not a second longer', async () => {
  const it = open()
  const token = signJwt(key, header, claimsAt(it.time.ms))
  it.time.ms += 360_000
  await it.verify(token)
  it.time.ms += 1_000
  await it.refused(token)
  it.time.ms -= 361_000 + 60_000
  await it.verify(token)
  it.time.ms -= 1_000
  await it.refused(token)
})

test('a storm of unknown key ids causes one request in the cool-down, and a rotated key is found after it', async () => {
  let keys = [key.jwk]
  const it = open(() => keys)
  await it.verify(signJwt(key, header, claimsAt(it.time.ms)))
  assert.equal(it.state.asked, 1)
  it.time.ms += 31_000
  await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      it.refused(signJwt(makeKey(`x${n}`), { ...header, kid: `x${n}` }, claimsAt(it.time.ms))),
    ),
  )
  assert.equal(it.state.asked, 2)
  const next = makeKey('k2')
  keys = [key.jwk, next.jwk]
  const rotated = signJwt(next, { ...header, kid: 'k2' }, claimsAt(it.time.ms, { n: 2 }))
  await it.refused(rotated)
  it.time.ms += 30_000
  assert.equal((await it.verify(rotated)).sub, 'user_alice')
  assert.equal(it.state.asked, 3)
})

test('keys are renewed ahead without anybody waiting, and an outage is lived through for a day', async () => {
  const it = open()
  const mint = (n: number) => signJwt(key, header, claimsAt(it.time.ms, { n }))
  await it.verify(mint(1))
  it.time.ms += 300_001
  await it.verify(mint(2))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(it.state.asked, 2, 'asked beside the request')
  it.state.down = true
  it.time.ms += 86_400_000
  await it.verify(mint(3))
  it.time.ms += 1
  await assert.rejects(it.verify(mint(4)), (error: GatehouseError) => error.code === 'keys.unavailable')
})

test('what a key signed counts no more once the issuer has dropped it', async () => {
  let keys = [key.jwk]
  const it = open(() => keys)
  const token = signJwt(key, header, claimsAt(it.time.ms))
  await it.verify(token)
  keys = [makeKey('k2').jwk]
  it.time.ms += 60_000
  await it.refused(signJwt(makeKey('k3'), { ...header, kid: 'k3' }, claimsAt(it.time.ms)))
  await it.refused(token)
})

test('a hostile key set gives no key: private, symmetric and short ones are left out, and of two by one id both', async () => {
  const twin = makeKey('k1')
  const it = open(() => [key.jwk, twin.jwk, { kty: 'oct', kid: 'o', k: 'AAAA' }, makeKey('other').jwk])
  await it.refused(signJwt(key, header, claimsAt(it.time.ms)))
  const huge = open(() => Array.from({ length: 101 }, (_, n) => ({ ...key.jwk, kid: `k${n}` })))
  await assert.rejects(
    huge.verify(signJwt(key, header, claimsAt(huge.time.ms))),
    (error: GatehouseError) => error.code === 'keys.unavailable',
  )
})

test('whatever a token hangs on ends it when it is revoked, at its next use', async () => {
  const it = open()
  const untilMs = it.time.ms + 3_600_000
  const claims = claimsAt(it.time.ms, { sid: 'ses_1', gid: 'grant_1', org: 'org_1', act: { sub: 'machine_agent' } })
  const token = signJwt(key, header, claims)
  const ends = {
    grant: 'grant_1',
    session: 'ses_1',
    sessions: 'user_alice',
    principal: 'machine_agent',
    organization: 'org_1',
  } as const
  for (const [kind, id] of Object.entries(ends)) {
    await it.verify(token)
    it.revocations.add({ kind: kind as keyof typeof ends, id, untilMs })
    await it.refused(token, kind)
    it.revocations.replace([])
  }
  it.revocations.add({ kind: 'sessions', id: 'user_alice', except: 'ses_1', untilMs })
  await it.verify(token)
  it.revocations.add({ kind: 'principal', id: 'user_alice', beforeMs: it.time.ms - 1_000, untilMs })
  await it.verify(token)
  it.revocations.add({ kind: 'principal', id: 'user_alice', beforeMs: it.time.ms, untilMs })
  await it.refused(token, 'of the very second')
})

test('a proof is remembered as long as it could come again, and beyond a full memory none is taken', () => {
  const time = new StillTime()
  const proofs = new DpopProofs({ rememberedMost: 2 }, time)
  const { kid: _, use: __, alg: ___, ...jwk } = key.jwk
  const request = { method: 'GET', url: 'https://api.example/a?b=c', accessToken: 't' }
  const proofOf = (jti: string, more: object = {}) =>
    signJwt(
      key,
      { alg: 'ES256', typ: 'dpop+jwt', jwk },
      { htm: 'GET', htu: 'https://api.example/a', iat: time.ms / 1_000, jti, ath: hashOf('t'), ...more },
    )
  const first = proofOf('1')
  assert.ok(proofs.check(first, request))
  assert.equal(proofs.check(first, request), undefined)
  time.ms += 60_000
  assert.equal(proofs.check(first, request), undefined)
  assert.equal(proofs.check(proofOf('2', { iat: time.ms / 1_000 - 61 }), request), undefined, 'too old')
  assert.equal(proofs.check(proofOf('2', { ath: hashOf('other') }), request), undefined, 'another token')
  assert.ok(proofs.check(proofOf('2'), request))
  assert.equal(proofs.check(proofOf('3'), request), undefined, 'full')
  time.ms += 300_000
  assert.ok(proofs.check(proofOf('4'), request))
})

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url')

test('a step-up challenge names what would be enough, and a stronger sign-in is enough for a weaker one (RFC 9470 3)', () => {
  const claims = (more: object) => claimsAt(1_800_000_000_000, more) as unknown as AccessTokenClaims
  const ask = (more: object, wanted: object) => {
    try {
      requireAuthentication(claims(more), wanted, 1_800_000_000_000)
      return undefined
    } catch (error) {
      return (error as GatehouseError).challenge
    }
  }
  const two = { acrValues: ['urn:gatehouse:acr:2'] }
  assert.equal(ask({ acr: 'urn:gatehouse:acr:2' }, two), undefined)
  assert.equal(ask({ acr: 'phr' }, two), undefined)
  assert.equal(
    ask({ acr: 'urn:gatehouse:acr:1' }, two),
    'Bearer error="insufficient_user_authentication", error_description="A stronger sign-in is required", acr_values="urn:gatehouse:acr:2"',
  )
  assert.match(ask({}, two) as string, /insufficient_user_authentication/)
  assert.equal(ask({ auth_time: 1_800_000_000 - 360 }, { maxAgeSeconds: 300 }), undefined)
  assert.match(ask({ auth_time: 1_800_000_000 - 361 }, { maxAgeSeconds: 300 }) as string, /max_age="300"/)
  assert.match(ask({ cnf: { jkt: 'x' } }, { maxAgeSeconds: 1 }) as string, /^DPoP /)
})
