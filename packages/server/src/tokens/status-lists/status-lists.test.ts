import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { Gatehouse, type GatehouseError } from '@gatehouse/sdk'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { moveUserIn } from '#directory'
import { systemEntropy } from '#kernel'
import { systemAct } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { credentialsOf, refresh, signInTo, within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'
import { StatusBits } from './bits.ts'
import { deleteEndedStatusEntries } from './status-entry.store.ts'

test('bits lie from the least significant of each byte up, compressed as ZLIB (Token Status List 4.1, its example)', () => {
  const bits = new StatusBits(16)
  for (const index of [0, 3, 4, 5, 7, 8, 9, 13, 15]) bits.set(index)
  assert.deepEqual([...bits.bytes], [0xb9, 0xa3])
  assert.deepEqual(
    [...inflateSync(Buffer.from('eNrbuRgAAhcBXQ', 'base64url'))],
    [0xb9, 0xa3],
    'the text of the example',
  )
  assert.equal(bits.encode(), 'eNrbuRgAAhcBXQ')
})

interface Place {
  readonly idx: number
  readonly uri: string
}
const placeOf = (token: string) => (decodeJwt(token).status as { status_list: Place } | undefined)?.status_list as Place

/** As somebody would who knows the draft, our keys and nothing of us. */
async function statusOf(issuer: string, { idx, uri }: Place): Promise<number> {
  const response = await fetch(uri, { headers: { accept: 'application/statuslist+jwt' } })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/statuslist+jwt')
  assert.equal(response.headers.get('access-control-allow-origin'), '*')
  const keys = createRemoteJWKSet(new URL(`${issuer}/oauth/jwks`))
  const { payload } = await jwtVerify(await response.text(), keys, { typ: 'statuslist+jwt', algorithms: ['ES256'] })
  assert.equal(payload.sub, uri)
  assert.ok((payload.exp as number) > (payload.iat as number))
  assert.equal(payload.ttl, 60)
  const { bits, lst } = payload.status_list as { bits: number; lst: string }
  assert.equal(bits, 1)
  const bytes = inflateSync(Buffer.from(lst, 'base64url'), { maxOutputLength: 1 << 20 })
  return ((bytes[Math.floor(idx / 8)] as number) >> (idx % 8)) & 1
}

onEachEngine(
  'where an application wants it its tokens name a random place in a signed list that says which were revoked',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs', oauth: { statusList: true } })
    const plain = await it.addClient({ name: 'plain' })
    const [alice, bob] = [await it.addPerson('alice'), await it.addPerson('bob')]
    const robot = await it.addMachine({ name: 'robot', owner: bob.id })
    const own = { id: robot.machine.id, secret: robot.secret }
    const machineToken = async () => {
      const form = { grant_type: 'client_credentials', resource: `urn:gatehouse:${docs.application.id}` }
      return (await postForm(`${it.url}/oauth/token`, form, own)).body.access_token as string
    }
    assert.equal(placeOf((await signInTo(it, plain, alice)).accessToken), undefined)

    const first = await signInTo(it, docs, alice)
    const renewed = (await refresh(it, docs, first.refreshToken)).body.access_token as string
    const other = await signInTo(it, docs, bob)
    const robots: string[] = []
    for (let count = 0; count < 30; count++) robots.push(await machineToken())
    const all = [first.accessToken, renewed, other.accessToken, ...robots].map(placeOf)
    const places = all.map(({ idx }) => idx)
    assert.equal(new Set(all.map(({ uri }) => uri)).size, 1, 'one list for the tokens of an hour')
    assert.equal(new Set(places).size, places.length, 'no place twice')
    assert.ok(
      places.some((place, at) => at > 0 && place < (places[at - 1] as number)),
      'in no order',
    )
    assert.ok(Math.max(...places) - Math.min(...places) > 1_000, 'over all of the list')
    const statuses = () => Promise.all(all.slice(0, 5).map((place) => statusOf(it.url, place)))
    assert.deepEqual(await statuses(), [0, 0, 0, 0, 0])

    const revoked = await postForm(`${it.url}/oauth/revoke`, { token: robots[0] as string }, own)
    assert.equal(revoked.status, 200)
    await within(3_000, async () => (await statuses())[3] === 1)
    assert.deepEqual(await statuses(), [0, 0, 0, 1, 0])
    await postForm(`${it.url}/oauth/revoke`, { token: other.refreshToken }, credentialsOf(docs))
    await within(3_000, async () => (await statuses())[2] === 1)
    assert.deepEqual(await statuses(), [0, 0, 1, 1, 0])
    await it.storage.transact((tx) =>
      moveUserIn(tx, { clock: it.clock, entropy: systemEntropy }, systemAct, alice.id, 'suspend'),
    )
    await within(3_000, async () => (await statuses())[0] === 1)
    assert.deepEqual(await statuses(), [1, 1, 1, 1, 0], 'all of hers, the renewed one too')
    const told = [first.accessToken, renewed, other.accessToken, ...robots.slice(0, 2)].map(
      (token) => it.tokens.verifyAccessToken(token, docs.application.id) === undefined,
    )
    assert.deepEqual(told, [true, true, true, true, false], 'the list says what everything else here says')

    // The SDK, where no revocations are followed.
    const sdk = new Gatehouse({
      url: it.url,
      application: docs.application.id,
      client: { clientId: docs.application.id, clientSecret: docs.secret },
      revocations: false,
      statusLists: true,
    })
    await assert.rejects(
      sdk.verifyToken(robots[0] as string),
      (error: GatehouseError) => error.code === 'token.invalid',
    )
    assert.equal((await sdk.verifyToken(robots[1] as string)).sub, robot.machine.id)
    await sdk.close()

    const { uri } = all[0] as Place
    const head = await fetch(uri)
    assert.equal(head.headers.get('cache-control'), 'public, max-age=30')
    const again = await fetch(uri, { headers: { 'if-none-match': head.headers.get('etag') as string } })
    assert.equal(again.status, 304)
    const text = await head.text()
    for (const secret of [alice.id, docs.application.id, robot.machine.id, decodeJwt(first.accessToken).jti as string])
      assert.ok(
        !Buffer.from(text.split('.')[1] as string, 'base64url')
          .toString()
          .includes(secret),
      )
    for (const unknown of [`${'A'.repeat(22)}`, 'x', '..%2f..', `${uri.split('/').at(-1)}x`])
      assert.equal((await fetch(`${it.url}/status-lists/${unknown}`)).status, 404, unknown)

    it.clock.movedMs = 3_600_000
    assert.notEqual(placeOf(await machineToken()).uri, uri, 'another hour, another list')
    await it.storage.transact((tx) => deleteEndedStatusEntries(tx, it.clock.nowMs() - 1_000, 100))
    const left = await it.storage.db.selectFrom('status_entries').selectAll().execute()
    assert.equal(left.length, 1, 'no table grows without bound')
    assert.equal((await fetch(uri)).status, 404, 'a list ends with the last of its tokens')
    await it.close()
  },
)
