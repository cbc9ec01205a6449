// Signing keys that change under a service that holds the former ones, against the real server.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeProtectedHeader } from 'jose'
import { question, tokenOf } from '../../server/test/support/acme-house.ts'
import { type House, inHouse, until } from './support/house.ts'

const kidOf = (token: string) => decodeProtectedHeader(token).kid
const published = async ({ api }: House) =>
  ((await (await fetch(`${api.url}/oauth/jwks`)).json()) as { keys: { kid: string; alg: string }[] }).keys

test('emergency rotation: the stolen key leaves the key set at once, and what it signed is refused by server, gateway and SDK', async () => {
  await inHouse(async (house) => {
    const { api, applicationId, secret } = house
    const gatehouse = house.gatehouse()
    await gatehouse.ready()
    const old = await tokenOf(api.url, house)
    // The thief signs by himself: no artifact, no event, only the key.
    const forged = house.mint(await house.idOf('users', 'alice'))
    const introspect = async (token: string) => {
      const authorization = `Basic ${Buffer.from(`${applicationId}:${secret}`).toString('base64')}`
      const body = new URLSearchParams({ token })
      const answered = await fetch(`${api.url}/oauth/introspect`, { method: 'POST', headers: { authorization }, body })
      return ((await answered.json()) as { active: boolean }).active
    }
    const gateway = async (token: string) => {
      const headers = { authorization: `Bearer ${token}`, ...question('/documents/budget') }
      const { status } = await fetch(`${api.url}/forward-auth`, { headers })
      return status
    }
    for (const token of [old, forged]) assert.ok((await gatehouse.verifyToken(token)).sub)
    assert.notEqual(await gateway(forged), 401)
    assert.equal(await introspect(old), true)

    const rotated = await api.call('POST', '/api/keys/rotate', { atOnce: true, forget: true })
    assert.equal(rotated.status, 201, JSON.stringify(rotated.body))
    assert.deepEqual(
      (await published(house)).map(({ kid }) => kid),
      [rotated.body.key.kid],
      'the old key is no longer published',
    )
    for (const token of [old, forged]) {
      assert.equal(await gateway(token), 401)
      assert.equal(await introspect(token), false)
    }
    const refused = (token: string) =>
      gatehouse.verifyToken(token).then(
        () => false,
        (error) => error.code === 'token.invalid',
      )
    const tookMs = await until('the SDK refuses what it had verified', () => refused(old), 1_000)
    assert.ok(await refused(forged), `a token that it has not seen before too, ${tookMs} ms later`)
    const fresh = await tokenOf(api.url, house)
    assert.equal(kidOf(fresh), rotated.body.key.kid)
    assert.equal(
      (await gatehouse.verifyToken(fresh)).sub,
      applicationId,
      'the new key is asked for without a cool-down',
    )
    assert.ok(await refused(house.mint('user_x', {}, { kid: kidOf(old) })), 'nor under its old name')
    const late = house.gatehouse()
    await late.ready()
    assert.equal((await late.verifyToken(fresh)).sub, applicationId)
    await assert.rejects(late.verifyToken(old), { code: 'token.invalid' })
  })
})

test('a change of algorithm breaks no validator: both are published, a service that holds the former keys goes on', async () => {
  await inHouse(async (house) => {
    const { api, applicationId } = house
    const gatehouse = house.gatehouse()
    await gatehouse.ready()
    const before = await tokenOf(api.url, house)
    assert.equal((await gatehouse.verifyToken(before)).sub, applicationId)
    const changed = await api.call('PATCH', `/api/applications/${applicationId}`, {
      oauth: { accessTokenAlgorithm: 'RS256' },
    })
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    const seen = new Set<unknown>()
    await until('tokens are signed by the new algorithm', async () => {
      const token = await tokenOf(api.url, house)
      assert.ok(token, 'there is no moment without tokens')
      seen.add(decodeProtectedHeader(token).alg)
      assert.equal((await gatehouse.verifyToken(token)).sub, applicationId)
      return seen.has('RS256')
    })
    assert.deepEqual(new Set((await published(house)).map(({ alg }) => alg)), new Set(['ES256', 'RS256']))
    assert.equal((await gatehouse.verifyToken(before)).sub, applicationId, 'until it ends')

    // Back again, and the next key of the old algorithm by schedule: nothing is refused on the way.
    await api.call('PATCH', `/api/applications/${applicationId}`, { oauth: { accessTokenAlgorithm: 'ES256' } })
    await api.keyring.rotate({ actor: { type: 'system', name: 'test' }, requestId: 'test' })
    await until('tokens are signed by the former algorithm', async () => {
      const token = await tokenOf(api.url, house)
      assert.equal((await gatehouse.verifyToken(token)).sub, applicationId)
      return decodeProtectedHeader(token).alg === 'ES256'
    })
    assert.deepEqual(house.errors, [])
  })
})
