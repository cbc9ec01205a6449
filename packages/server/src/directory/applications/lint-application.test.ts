import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Application } from './application.ts'
import { defaultsOf } from './defaults.ts'
import { lintApplication } from './lint-application.ts'
import { defaultOAuth } from './oauth-settings.ts'

const nowMs = Date.UTC(2027, 0, 1)
const day = 86_400_000
const application = (more: Partial<Application>): Application =>
  ({ ...defaultsOf('web'), kind: 'web', redirectUris: ['https://app.example/callback'], ...more }) as Application
const rules = (more: Partial<Application>) => lintApplication(application(more), nowMs).map(({ rule }) => rule)
const secretOf = (ageDays: number, expiresAtMs?: number) => ({
  authMethod: 'client_secret_basic' as const,
  keys: [],
  secrets: [
    { id: 's', hash: 'h', issuedAtMs: nowMs - ageDays * day, ...(expiresAtMs !== undefined && { expiresAtMs }) },
  ],
})

test('an application as it is made by default, with where people come back to, has nothing to find', () => {
  assert.deepEqual(rules({}), [])
  assert.deepEqual(rules({ credentials: secretOf(365, nowMs + day) }), [])
})

test('each unwise setting is found at its place with its fix (RFC 9700)', () => {
  assert.deepEqual(rules({ redirectUris: ['http://localhost:3000/callback'] }), ['plain-redirect'])
  assert.deepEqual(rules({ redirectUris: ['https://*.app.example/callback'] }), ['wildcard-redirect'])
  assert.deepEqual(rules({ redirectUris: [] }), ['no-redirect'])
  assert.deepEqual(rules({ oauth: { ...defaultOAuth, pkce: 'optional' } }), ['no-pkce'])
  assert.deepEqual(rules({ credentials: { ...secretOf(1), authMethod: 'none' } }), ['public-with-secret'])
  assert.deepEqual(rules({ credentials: secretOf(366) }), ['stale-secret'])
  assert.deepEqual(rules({ credentials: secretOf(1) }), ['endless-secret'])
  assert.deepEqual(rules({ credentials: secretOf(400, nowMs) }), [], 'one that has ended opens nothing')
  assert.deepEqual(rules({ scopes: Array.from({ length: 21 }, (_, at) => `s${at}`) }), ['broad-scopes'])
  assert.deepEqual(rules({ scopes: ['offline_access'], grantTypes: ['authorization_code'] }), ['unused-scope'])
  const lifetimes = { accessTokenSeconds: 901, refreshTokenSeconds: 90 * 86_400 + 1, idTokenSeconds: 600 }
  assert.deepEqual(rules({ tokenLifetimes: lifetimes }), ['long-access-token', 'long-refresh-token'])
  const [found] = lintApplication(application({ redirectUris: ['http://localhost/'] }), nowMs)
  assert.equal(found?.pointer, '/redirectUris/0')
  assert.ok(found?.fix)
})
