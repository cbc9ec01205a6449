import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { type ApplicationId, isFault, type OrganizationId } from '#kernel'
import type { Application, ApplicationChange, ApplicationKind, ApplicationRoute } from './application.ts'
import { defaultsOf } from './defaults.ts'
import { applyChange } from './parse-application.ts'

const blank = (kind: ApplicationKind): Application => ({
  id: 'app_x' as ApplicationId,
  organizationId: 'org_x' as OrganizationId,
  name: 'docs',
  displayName: 'Docs',
  kind,
  ...defaultsOf(kind),
  state: 'active',
  createdAtMs: 0,
  updatedAtMs: 0,
  revision: 1,
})

/** Where the problems of a change are; empty when it is taken. */
function problemsOf(change: ApplicationChange, kind: ApplicationKind = 'web'): string[] {
  try {
    applyChange(blank(kind), change, 1)
    return []
  } catch (error) {
    if (!isFault(error, 'directory.invalid')) throw error
    return (error.extra?.errors as { pointer: string }[]).map(({ pointer }) => pointer)
  }
}

test('redirect addresses are exact: https, or http on loopback; no wildcard, fragment, credentials or other spelling (RFC 9700 2.1)', () => {
  const right = [
    'https://docs.example.com/callback',
    'https://docs.example.com',
    'https://docs.example.com:8443/a?b=c',
    'http://localhost:3000/cb',
    'http://127.0.0.1/cb',
    'http://[::1]:9000/',
    'http://app.localhost/cb',
    'https://xn--bcher-kva.example/',
  ]
  const wrong = [
    '',
    'callback',
    '/callback',
    '//docs.example.com/',
    'http://docs.example.com/',
    'https://*.example.com/',
    'https://docs.example.com/*',
    'https://docs.example.com/#',
    'https://docs.example.com/#x',
    'https://user@docs.example.com/',
    'https://user:pass@docs.example.com/',
    'https://docs.example.com/a/../b',
    'https://docs.example.com/./a',
    'HTTPS://docs.example.com/',
    'https://DOCS.example.com/',
    'https://docs.example.com:443/',
    'https://bücher.example/',
    'https://docs.example.com/ä',
    'https://docs.example.com\\@evil.example/',
    'https:docs.example.com/',
    'https:///docs.example.com/',
    'https://docs.example.com/\0',
    'https://docs.example.com/\n',
    ' https://docs.example.com/',
    'http://localhost.example.com/',
    'http://127.0.0.1.example.com/',
    'http://0x7f000001/',
    'http://2130706433/',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'com.example.app:/callback',
    'myapp://callback',
    `https://docs.example.com/${'a'.repeat(2_048)}`,
  ]
  for (const uri of right) assert.deepEqual(problemsOf({ redirectUris: [uri] }), [], uri)
  for (const uri of wrong)
    assert.deepEqual(problemsOf({ redirectUris: [uri] }), ['/redirectUris/0'], JSON.stringify(uri))
  for (const uri of wrong)
    assert.deepEqual(problemsOf({ postLogoutRedirectUris: [uri] }), ['/postLogoutRedirectUris/0'])
  assert.deepEqual(problemsOf({ redirectUris: [right[0]!, right[0]!] }), ['/redirectUris'])
})

test('a native application may have a private-use scheme that is a domain turned round, and no other (RFC 8252 7.1)', () => {
  for (const uri of ['com.example.app:/callback', 'http://127.0.0.1/cb'])
    assert.deepEqual(problemsOf({ redirectUris: [uri] }, 'native'), [], uri)
  for (const uri of [
    'myapp:/callback',
    'com.example.app://host/',
    'javascript:alert(1)',
    'vbscript.x:alert',
    'data:x',
    'com.example.app:/#x',
    'com.example.app:/*',
  ])
    assert.deepEqual(problemsOf({ redirectUris: [uri] }, 'native'), ['/redirectUris/0'], uri)
})

test('what does not go together is refused whole', () => {
  const cases: [ApplicationKind, ApplicationChange, string][] = [
    ['native', { authMethod: 'client_secret_basic' }, '/authMethod'],
    ['native', { grantTypes: ['authorization_code', 'client_credentials'] }, '/authMethod'],
    ['service', { authMethod: 'none' }, '/authMethod'],
    ['service', { grantTypes: ['authorization_code'] }, '/grantTypes'],
    ['service', { redirectUris: ['https://a.example/'] }, '/redirectUris'],
    ['web', { grantTypes: [] }, '/grantTypes'],
    ['web', { grantTypes: ['refresh_token'] }, '/grantTypes'],
    ['web', { authMethod: 'private_key_jwt' }, '/keys'],
    ['web', { tokenLifetimes: { accessTokenSeconds: 29 } }, '/tokenLifetimes/accessTokenSeconds'],
    ['web', { tokenLifetimes: { accessTokenSeconds: 0.5 } }, '/tokenLifetimes/accessTokenSeconds'],
    ['web', { tokenLifetimes: { refreshTokenSeconds: 1e9 } }, '/tokenLifetimes/refreshTokenSeconds'],
    ['web', { scopes: ['a b'] }, '/scopes/0'],
    ['web', { scopes: ['a', 'a'] }, '/scopes'],
    ['web', { name: 'Docs' }, '/name'],
    ['web', { origins: ['https://docs.example.com/'] }, '/origins/0'],
    ['web', { origins: ['http://docs.example.com'] }, '/origins/0'],
    ['web', { origins: ['https://docs.example.com:443'] }, '/origins/0'],
    ['web', { origins: ['https://*.example.com'] }, '/origins/0'],
    ['web', { origins: ['null'] }, '/origins/0'],
  ]
  for (const [kind, change, pointer] of cases)
    assert.ok(problemsOf(change, kind).includes(pointer), `${kind} ${JSON.stringify(change)}`)
})

test('a route is a path pattern and a Cedar entity filled from it', () => {
  const route = (more: Partial<ApplicationRoute>): ApplicationRoute => ({
    method: 'GET',
    path: '/documents/:id',
    action: 'read',
    resource: 'Document::"{id}"',
    ...more,
  })
  const right: Partial<ApplicationRoute>[] = [
    {},
    { path: '/', resource: 'Site::"docs"' },
    { path: '/a/:b/c/*', resource: 'N::Doc::"{b}/{*}"' },
    { path: '/a%20b/', resource: 'Site::"x"' },
    { resource: 'Document::"{id}-{id}"' },
  ]
  const wrong: [Partial<ApplicationRoute>, string][] = [
    [{ path: 'documents' }, 'path'],
    [{ path: '//x' }, 'path'],
    [{ path: '/a/../b' }, 'path'],
    [{ path: '/a//b' }, 'path'],
    [{ path: '/*/a' }, 'path'],
    [{ path: '/a?b' }, 'path'],
    [{ path: '/a b' }, 'path'],
    [{ path: '/:1a' }, 'path'],
    [{ path: '/%2' }, 'path'],
    [{ path: '/:id/:id' }, 'path'],
    [{ action: 'a"b' }, 'action'],
    [{ action: '' }, 'action'],
    [{ resource: 'Document' }, 'resource'],
    [{ resource: 'Document::{id}' }, 'resource'],
    [{ resource: 'Document::"a"b"' }, 'resource'],
    [{ resource: 'Document::"{other}"' }, 'resource'],
    [{ resource: '1D::"x"' }, 'resource'],
    [{ resource: 'Gatehouse::Deployment::"gatehouse"' }, 'resource'],
    [{ resource: 'Document::"\n"' }, 'resource'],
  ]
  for (const more of right) assert.deepEqual(problemsOf({ routes: [route(more)] }), [], JSON.stringify(more))
  for (const [more, member] of wrong)
    assert.deepEqual(problemsOf({ routes: [route(more)] }), [`/routes/0/${member}`], JSON.stringify(more))
  assert.deepEqual(
    problemsOf({ routes: [route({}), route({ path: '/documents/:other', resource: 'Document::"{other}"' })] }),
    ['/routes/1'],
  )
  assert.deepEqual(problemsOf({ routes: [route({}), route({ method: 'PUT' })] }), [])
})

test('client keys are public keys of a kind and size that hold (RFC 7517, RFC 7518 6)', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const jwk = ec.publicKey.export({ format: 'jwk' })
  const ed = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({ format: 'jwk' })
  const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'jwk' })
  const k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' })
  const x = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
  const of = (...jwks: object[]) =>
    problemsOf({ authMethod: 'private_key_jwt', keys: jwks.map((one) => ({ jwk: one as never })) })
  for (const right of [
    jwk,
    ed,
    rsa,
    { ...jwk, kid: 'a', use: 'sig', alg: 'ES256', x5c: ['junk'] },
    { ...rsa, alg: 'PS512' },
  ])
    assert.deepEqual(of(right), [])
  const wrong: object[] = [
    {},
    { kty: 'EC' },
    ec.privateKey.export({ format: 'jwk' }),
    { kty: 'oct', k: 'c2VjcmV0' },
    { ...jwk, d: '' },
    { ...jwk, x: other.x },
    { ...jwk, x: 7 },
    { ...jwk, x: 'AAAA' },
    { ...jwk, alg: 'HS256' },
    { ...jwk, alg: 'none' },
    { ...jwk, alg: 'RS256' },
    { ...rsa, alg: 'ES256' },
    { ...jwk, use: 'enc' },
    { ...jwk, kid: '' },
    { ...jwk, kid: 'a b' },
    { ...jwk, kid: 7 },
    weak,
    k1,
    x,
    { ...jwk, crv: 'P-999' },
    { ...jwk, kty: '__proto__' },
  ]
  for (const bad of wrong)
    assert.ok(
      of(bad).some((pointer) => pointer.startsWith('/keys/0/jwk')),
      JSON.stringify(bad),
    )
  assert.deepEqual(of(jwk, jwk), ['/keys/1/jwk/kid'])
  const kept = applyChange(
    blank('web'),
    { authMethod: 'private_key_jwt', keys: [{ jwk: { ...jwk, x5c: ['junk'] } as never }] },
    5,
  ).credentials.keys[0]
  assert.deepEqual(Object.keys(kept!.jwk).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'], 'nothing else is kept')
  assert.equal(kept!.registeredAtMs, 5)
})
