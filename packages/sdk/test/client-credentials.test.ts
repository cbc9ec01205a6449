import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientCredentials, GatehouseError } from '@gatehouse/sdk'
import { issuer, StillTime } from './support/signer.ts'

class Chance extends StillTime {
  chance: number
  constructor(chance: number) {
    super()
    this.chance = chance
  }
  override random(): number {
    return this.chance
  }
}

/** Credentials of a client whose tokens live 100 s, and a token endpoint that counts, and fails when told to. */
function open(chance = 0.5) {
  const time = new Chance(chance)
  const endpoint = { asked: 0, status: 200 }
  const call = async () => {
    endpoint.asked++
    if (endpoint.status === 503) throw new GatehouseError('remote.unavailable', 'away', { retryAfterSeconds: 7 })
    const body = { access_token: `t${endpoint.asked}`, expires_in: 100, error: 'invalid_client' }
    return { status: endpoint.status, headers: new Headers(), body: JSON.stringify(body) }
  }
  const client = { clientId: 'app_test', clientSecret: 's' }
  const credentials = new ClientCredentials({ issuer, client }, { call } as never, time)
  const after = async (seconds: number) => {
    time.ms += seconds * 1_000
    const token = await credentials.token()
    await new Promise((resolve) => setImmediate(resolve))
    return token
  }
  return { time, endpoint, credentials, after }
}

test('a token is asked for once by whoever needs the first, and renewed ahead of its end without anybody waiting', async () => {
  const { credentials, endpoint, after } = open()
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => credentials.token())), ['t1', 't1', 't1'])
  assert.equal(await after(69), 't1')
  assert.equal(endpoint.asked, 1)
  assert.equal(await after(2), 't1', 'the old one serves while the new one is fetched')
  assert.equal(endpoint.asked, 2)
  assert.equal(await after(0), 't2')
})

test('a fleet that started together renews between 60 and 80 % of the life of its tokens, each at a moment of its own', async () => {
  const moments: number[] = []
  for (const chance of [0, 0.25, 0.5, 0.75, 0.999]) {
    const { endpoint, after } = open(chance)
    await after(0)
    let seconds = 0
    while (endpoint.asked < 2) {
      await after(1)
      seconds++
    }
    moments.push(seconds)
  }
  assert.deepEqual(moments, [60, 65, 70, 75, 80])
})

test('an outage is lived through as long as the token lasts, with growing waits that the server’s own word lengthens', async () => {
  const { credentials, endpoint, after } = open()
  await after(0)
  endpoint.status = 503
  assert.equal(await after(70), 't1')
  assert.equal(endpoint.asked, 2)
  assert.equal(await after(6), 't1')
  assert.equal(endpoint.asked, 2, 'Retry-After was 7 s')
  assert.equal(await after(2), 't1')
  assert.equal(endpoint.asked, 3)
  const unavailable = (error: GatehouseError) => error.code === 'remote.unavailable'
  await assert.rejects(after(18), unavailable, 'too near its end to be used')
  const before = endpoint.asked
  await assert.rejects(
    credentials.token(),
    (error: GatehouseError) => unavailable(error) && error.retryAfterSeconds === 7,
  )
  assert.equal(endpoint.asked, before, 'nobody asks in vain again at once')
  endpoint.status = 200
  assert.match(await after(8), /^t\d+$/)
  const refused = open()
  refused.endpoint.status = 401
  await assert.rejects(refused.credentials.token(), (error: GatehouseError) => error.code === 'credentials.refused')
})

test('a token that the server did not take is not used again', async () => {
  const { credentials } = open()
  credentials.discard(await credentials.token())
  assert.equal(await credentials.token(), 't2')
})
