import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import { ManualClock } from '#kernel'
import { RevocationSet } from '../revocation/revocation-set.ts'
import { AccessTokenVerifier } from './verify-access-token.ts'

const issuer = 'https://id.example'
const audience = 'app_docs'
const nowSeconds = 1_800_000_000
const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const theirs = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicKeys: Record<string, { alg: string; key: KeyObject }> = {
  ours: { alg: 'ES256', key: ours.publicKey },
  rsa: { alg: 'RS256', key: rsa.publicKey },
}

function build() {
  const clock = new ManualClock(nowSeconds * 1_000)
  const revocations = new RevocationSet(clock)
  const listeners: (() => void)[] = []
  let verified = 0
  const signer = {
    signingKeys: () =>
      Object.entries(publicKeys).map(([kid, { alg, key }]) => ({
        kid,
        alg,
        kty: String(
          (createPublicKey(key.export({ type: 'spki', format: 'pem' })).export({ format: 'jwk' }) as { kty: string })
            .kty,
        ),
      })),
    activeKey: () => ({ kid: 'ours', alg: 'ES256', kty: 'EC' }),
    sign: () => new Uint8Array(),
    verify: (kid: string, data: Uint8Array, signature: Uint8Array) => {
      verified++
      const key = publicKeys[kid]
      return key !== undefined && verify('sha256', data, { key: key.key, dsaEncoding: 'ieee-p1363' }, signature)
    },
    onChange: (listener: () => void) => {
      listeners.push(listener)
      return () => undefined
    },
  }
  const verifier = new AccessTokenVerifier({ issuer, signer, revocations, clock })
  return {
    clock,
    revocations,
    verifier,
    counts: { verified: () => verified },
    change: () => listeners.forEach((run) => void run()),
  }
}

const claims = {
  iss: issuer,
  sub: 'user_1',
  aud: audience,
  client_id: 'app_docs',
  jti: 'j1',
  iat: nowSeconds,
  exp: nowSeconds + 300,
  gid: 'grant1',
  sid: 'ses_1',
  org: 'org_1',
}
const header = { alg: 'ES256', typ: 'at+jwt', kid: 'ours' }
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
function token(change: object = {}, head: object = {}, key: KeyObject = ours.privateKey): string {
  const signed = `${part({ ...header, ...head })}.${part({ ...claims, ...change })}`
  const isEc = key.asymmetricKeyType === 'ec'
  const signature = sign('sha256', Buffer.from(signed), isEc ? { key, dsaEncoding: 'ieee-p1363' } : key)
  return `${signed}.${signature.toString('base64url')}`
}

test('a token of ours for this audience is accepted, with or without the media type prefix (RFC 9068 4)', () => {
  const { verifier } = build()
  assert.equal(verifier.verify(token(), audience)?.sub, 'user_1')
  assert.equal(verifier.verify(token({}, { typ: 'application/at+jwt' }), audience)?.sub, 'user_1')
})

test('whatever is forged, of another kind or for somebody else is refused (RFC 9068 4, RFC 8725)', () => {
  const { verifier } = build()
  const hmac = (secret: string | Buffer, head: object) => {
    const signed = `${part({ ...header, ...head })}.${part(claims)}`
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
  }
  const pem = ours.publicKey.export({ type: 'spki', format: 'pem' })
  const [goodHead, goodBody, goodSignature] = token().split('.') as [string, string, string]
  const der = sign('sha256', Buffer.from(`${goodHead}.${goodBody}`), ours.privateKey).toString('base64url')
  const rows: [string, string][] = [
    ['alg none', `${part({ ...header, alg: 'none' })}.${part(claims)}.`],
    ['alg none with a signature', `${part({ ...header, alg: 'none' })}.${goodBody}.${goodSignature}`],
    ['alg None', `${part({ ...header, alg: 'None' })}.${goodBody}.${goodSignature}`],
    ['HS256 with our public key as secret', hmac(pem, { alg: 'HS256' })],
    ['HS256 under the name of ES256', hmac(pem, {})],
    ['RS256 under the name of the ES256 key', token({}, { alg: 'RS256' }, rsa.privateKey)],
    ['PS256 by our RSA key', token({}, { alg: 'PS256', kid: 'rsa' }, rsa.privateKey)],
    ['ES256 under the name of the RSA key', token({}, { kid: 'rsa' })],
    ['a key of somebody else', token({}, {}, theirs.privateKey)],
    [
      'a key in the header',
      token({}, { kid: undefined, jwk: theirs.publicKey.export({ format: 'jwk' }) }, theirs.privateKey),
    ],
    ['a key address in the header', token({}, { kid: 'x', jku: 'https://evil.example' }, theirs.privateKey)],
    ['an unknown key', token({}, { kid: 'unknown' })],
    ['a kid that is no text', token({}, { kid: ['ours'] })],
    ['a path as kid', token({}, { kid: '../../ours' })],
    ['an ID token (typ)', token({}, { typ: 'JWT' })],
    ['no typ', token({}, { typ: undefined })],
    ['a critical extension that we do not know (RFC 7515 4.1.11)', token({}, { crit: ['x'], x: 1 })],
    ['another issuer', token({ iss: 'https://evil.example' })],
    ['issuer with a slash', token({ iss: `${issuer}/` })],
    ['another audience', token({ aud: 'app_other' })],
    ['audiences in a list', token({ aud: [audience] })],
    ['no subject', token({ sub: undefined })],
    ['no jti', token({ jti: undefined })],
    ['no end', token({ exp: undefined })],
    ['an end that is text', token({ exp: String(claims.exp) })],
    ['an end that is no number', token({ exp: null })],
    ['an end with a fraction', token({ exp: claims.exp + 0.5 })],
    ['no beginning', token({ iat: undefined })],
    ['a changed body', `${goodHead}.${part({ ...claims, sub: 'user_2' })}.${goodSignature}`],
    ['a changed head', `${part({ ...header, x: 1 })}.${goodBody}.${goodSignature}`],
    ['a signature in DER', `${goodHead}.${goodBody}.${der}`],
    ['a signature of zeros', `${goodHead}.${goodBody}.${Buffer.alloc(64).toString('base64url')}`],
    ['no signature', `${goodHead}.${goodBody}.`],
    ['a signature cut short', `${goodHead}.${goodBody}.${goodSignature.slice(0, -4)}`],
    ['two parts', `${goodHead}.${goodBody}`],
    ['five parts, as of a JWE', `${goodHead}.${goodBody}.${goodSignature}.x.y`],
    ['padding', `${goodHead}=.${goodBody}.${goodSignature}`],
    ['a blank', ` ${token()}`],
    ['a line break', `${token()}\n`],
    ['a body that is a list', `${goodHead}.${part([claims])}.${goodSignature}`],
    ['a head that is null', `${part(null)}.${goodBody}.${goodSignature}`],
    ['not JSON', `${goodHead}.eA.${goodSignature}`],
    ['huge', token({ x: 'x'.repeat(10_000) })],
    ['nothing', ''],
  ]
  for (const [what, forged] of rows) assert.equal(verifier.verify(forged, audience), undefined, what)
})

test('clocks may differ by up to 60 s both ways (RFC 7519 4.1.4, 4.1.5)', () => {
  const { verifier } = build()
  const rows: [object, boolean][] = [
    [{ exp: nowSeconds - 59 }, true],
    [{ exp: nowSeconds - 60 }, true],
    [{ exp: nowSeconds - 61 }, false],
    [{ iat: nowSeconds + 60 }, true],
    [{ iat: nowSeconds + 61 }, false],
    [{ nbf: nowSeconds + 60 }, true],
    [{ nbf: nowSeconds + 61 }, false],
  ]
  for (const [change, accepted] of rows)
    assert.equal(verifier.verify(token(change), audience) !== undefined, accepted, JSON.stringify(change))
})

test('a token is checked once, and its end and its revocations every time', () => {
  const { verifier, clock, counts } = build()
  const one = token()
  for (let turn = 0; turn < 10; turn++) assert.ok(verifier.verify(one, audience))
  assert.equal(counts.verified(), 1)
  assert.equal(verifier.verify(one, 'app_other'), undefined)
  clock.advanceMs(360_000)
  assert.ok(verifier.verify(one, audience))
  clock.advanceMs(1_000)
  assert.equal(verifier.verify(one, audience), undefined)
})

test('what is revoked is refused from then on, also when it was accepted before', () => {
  const untilMs = (nowSeconds + 10_000) * 1_000
  const before = { beforeMs: nowSeconds * 1_000 + 500, untilMs }
  const rows: [string, Parameters<RevocationSet['add']>[0], boolean][] = [
    ['its grant', { kind: 'grant', id: 'grant1', beforeMs: undefined, untilMs }, false],
    ['its session', { kind: 'session', id: 'ses_1', beforeMs: undefined, untilMs }, false],
    ['its person', { kind: 'principal', id: 'user_1', beforeMs: undefined, untilMs }, false],
    ['its application', { kind: 'principal', id: 'app_docs', beforeMs: undefined, untilMs }, false],
    ['its organization', { kind: 'organization', id: 'org_1', beforeMs: undefined, untilMs }, false],
    ['all sessions of its person', { kind: 'sessions', id: 'user_1', ...before }, false],
    ['all sessions but its own', { kind: 'sessions', id: 'user_1', except: 'ses_1', ...before }, true],
    ['its person, up to the second it was issued in', { kind: 'principal', id: 'user_1', ...before }, false],
    [
      'its person, before it was issued',
      { kind: 'principal', id: 'user_1', beforeMs: nowSeconds * 1_000 - 1, untilMs },
      true,
    ],
    ['somebody else', { kind: 'principal', id: 'user_2', beforeMs: undefined, untilMs }, true],
    ['a session of the same name as its grant', { kind: 'session', id: 'grant1', beforeMs: undefined, untilMs }, true],
  ]
  for (const [what, revocation, accepted] of rows) {
    const { verifier, revocations } = build()
    const one = token()
    assert.ok(verifier.verify(one, audience))
    revocations.add(revocation)
    assert.equal(verifier.verify(one, audience) !== undefined, accepted, what)
  }
})

test('what a key signed counts no more once the key is gone', () => {
  const { verifier, change } = build()
  const one = token()
  assert.ok(verifier.verify(one, audience))
  const { ours: kept } = publicKeys
  delete publicKeys.ours
  change()
  assert.equal(verifier.verify(one, audience), undefined)
  publicKeys.ours = kept as (typeof publicKeys)[string]
})
