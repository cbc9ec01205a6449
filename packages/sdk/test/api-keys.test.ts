import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorize } from '@gatehouse/sdk/fastify'
import fastify from 'fastify'
import { type House, inHouse, until } from './support/house.ts'

async function makeKey(house: House, owner: string, more: object = {}) {
  const body = { owner, name: 'k', applications: [house.applicationId], ...more }
  const answer = await house.api.call('POST', '/api/api-keys', body)
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return { id: answer.body.key.id as string, secret: answer.body.secret as string }
}

/** Requests for introspection that a service made, and a switch that takes the server away. */
function counted() {
  const seen = { asked: 0, away: false }
  const through: typeof fetch = async (input, init) => {
    if (String(input).endsWith('/oauth/introspect')) {
      seen.asked++
      if (seen.away) throw new TypeError('fetch failed')
    }
    return fetch(input, init)
  }
  return { seen, through }
}

test('a service takes an API key for its application as it takes a token: owner, scopes, one question a minute, its end at once', () =>
  inHouse(async (house) => {
    const { seen, through } = counted()
    let lateMs = 0
    const surroundings = {
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now() + lateMs,
      random: () => Math.random(),
    }
    const gatehouse = house.gatehouse({ calls: { fetch: through, attempts: 1 }, surroundings })
    const app = fastify()
    const needs = (action: string, scope?: string) =>
      authorize(gatehouse, { action, resource: { type: 'document', id: 'welcome' }, ...(scope && { scope }) })
    app.get('/read', { preHandler: needs('read', 'read') }, async (request) => request.gatehouse?.subject)
    app.get('/scoped', { preHandler: needs('read', 'write') }, async () => 'scoped')
    app.get('/write', { preHandler: needs('write') }, async () => 'written')
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    try {
      const owner = await house.idOf('machines', 'archiver')
      const key = await makeKey(house, owner, { scopes: ['read'] })
      const get = async (path: string, bearer: string) => {
        const answer = await fetch(url + path, { headers: { authorization: `Bearer ${bearer}` } })
        return { status: answer.status, challenge: answer.headers.get('www-authenticate'), text: await answer.text() }
      }
      const first = await get('/read', key.secret)
      assert.equal(first.status, 200, first.text)
      assert.deepEqual(JSON.parse(first.text), { type: 'Machine', id: owner })
      for (const path of ['/scoped', '/write']) {
        const unscoped = await get(path, key.secret)
        assert.deepEqual([unscoped.status, unscoped.challenge?.includes('insufficient_scope')], [403, true], path)
      }
      for (let at = 0; at < 5; at++) assert.equal((await get('/read', key.secret)).status, 200)
      assert.equal(seen.asked, 1, 'asked about once')

      // What cannot be a key is not asked about, a made-up one once, and nobody's key is good elsewhere.
      const damaged = `${key.secret.slice(0, -1)}${key.secret.endsWith('0') ? '1' : '0'}`
      const refused = await get('/read', damaged)
      assert.deepEqual([refused.status, refused.challenge, seen.asked], [401, 'Bearer error="invalid_token"', 1])
      const elsewhere = await makeKey(house, owner, { applications: ['gatehouse'], scopes: ['viewUser'] })
      for (let at = 0; at < 3; at++) assert.equal((await get('/read', elsewhere.secret)).status, 401)
      assert.equal(seen.asked, 2)

      // Introspection away: the answer goes on for as long as what is revoked is known.
      seen.away = true
      lateMs += 61_000
      assert.equal((await get('/read', key.secret)).status, 200)
      assert.equal(seen.asked, 3)
      seen.away = false
      assert.equal((await get('/read', key.secret)).status, 200)

      // Revoked, or its owner suspended: refused at the next request although the answer is remembered.
      const asked = seen.asked
      const second = await makeKey(house, owner, { scopes: ['read'] })
      assert.equal((await get('/read', second.secret)).status, 200)
      assert.equal((await house.api.call('DELETE', `/api/api-keys/${key.id}`)).status, 204)
      const took = await until('refused', async () => (await get('/read', key.secret)).status === 401)
      assert.ok(took < 1_000, `${took} ms`)
      assert.equal((await get('/read', second.secret)).status, 200, 'the other goes on')
      await house.api.call('POST', `/api/machines/${owner}/suspend`, {})
      await until('its owner is barred', async () => (await get('/read', second.secret)).status === 401)
      assert.equal(seen.asked, asked + 1, 'none of it cost a question')
    } finally {
      await app.close()
    }
  }))

test('without revocations an answer is used for ten seconds; a service that is not the application takes no keys', () =>
  inHouse(async (house) => {
    const { seen, through } = counted()
    let lateMs = 0
    const surroundings = {
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now() + lateMs,
      random: () => Math.random(),
    }
    const owner = await house.idOf('machines', 'archiver')
    const key = await makeKey(house, owner)
    const gatehouse = house.gatehouse({ calls: { fetch: through, attempts: 1 }, surroundings, revocations: false })
    assert.equal((await gatehouse.verifyToken(key.secret)).sub, owner)
    await house.api.call('DELETE', `/api/api-keys/${key.id}`)
    assert.equal((await gatehouse.verifyToken(key.secret)).sub, owner)
    lateMs += 10_000
    seen.away = true
    await assert.rejects(gatehouse.verifyToken(key.secret), { code: 'remote.unavailable' })
    seen.away = false
    await assert.rejects(gatehouse.verifyToken(key.secret), { code: 'token.invalid' })
    assert.equal(seen.asked, 3)
    const none = house.gatehouse({ apiKeys: false, revocations: false })
    await assert.rejects(none.verifyToken((await makeKey(house, owner)).secret), { code: 'token.invalid' })
  }))
