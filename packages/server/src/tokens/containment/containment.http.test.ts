import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { systemEntropy } from '#kernel'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { inKeyHouse } from '../../../test/support/key-house.ts'
import { makeUser } from '../../../test/support/people.ts'
import { within } from '../../../test/support/token-flow.ts'
import { postForm } from '../../../test/support/tokens.ts'
import { endContainments } from './contain.ts'

onEachEngine(
  'containment ends tokens, secrets, trusts, grants and access of a machine in one step, for a time',
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      const olga = await makeUser(api, 'olga')
      const home = (await api('GET', '/api/organizations')).body.items[0]
      const trusts = [{ name: 'ci', issuer: 'https://ci.example', condition: 'context.claims.sub == "x"' }]
      const made = await api('POST', '/api/machines', { organizationId: home.id, name: 'deploy', owner: olga, trusts })
      assert.equal(made.status, 201, JSON.stringify(made.body))
      const id = made.body.id as string
      const { secret } = (await api('POST', `/api/machines/${id}/secrets`)).body
      const granted = await api('POST', '/api/grants', {
        role: 'auditor',
        principal: { type: 'Machine', id },
        resource: { type: 'Organization', id: home.id },
        why: 'reads',
      })
      assert.equal(granted.status, 201, JSON.stringify(granted.body))
      const ask = () => postForm(`${server.url}/oauth/token`, { grant_type: 'client_credentials' }, { id, secret })
      const token = (await ask()).body.access_token as string
      assert.ok(server.tokens.verifyAccessToken(token, id))

      const done = await api('POST', '/api/contain', {
        id,
        reason: 'its secret was in a public log',
        forSeconds: 3_600,
      })
      assert.equal(done.status, 200, JSON.stringify(done.body))
      const touched = Object.fromEntries(
        done.body.steps.map((one: { part: string; touched: number }) => [one.part, one.touched]),
      )
      assert.deepEqual(
        { ...touched, tokens: undefined },
        { access: 1, sessions: 0, tokens: undefined, trusts: 1, credentials: 1, 'api-keys': 0, grants: 1 },
      )
      for (const { ms } of done.body.steps) assert.ok(ms >= 0)
      await within(1_000, () => server.tokens.verifyAccessToken(token, id) === undefined)
      assert.equal((await ask()).status, 401)
      const after = (await api('GET', `/api/machines/${id}`)).body
      assert.deepEqual([after.state, after.secrets, after.trusts], ['suspended', [], []])
      assert.equal((await api('GET', `/api/grants?principalType=Machine&principalId=${id}`)).body.items.length, 0)
      const events = async () => (await api('GET', '/api/events?type=tokens.principal_contained')).body.items
      await until(async () => (await events()).length === 1)
      assert.equal((await events())[0].data.touched.grants, 1)

      const deps = {
        storage: server.storage,
        clock,
        gate: server.authorization.gate,
        entropy: { bytes: () => new Uint8Array() },
      }
      clock.advanceMs(3_599_000)
      await endContainments(deps)
      assert.equal((await api('GET', `/api/machines/${id}`)).body.state, 'suspended')
      clock.advanceMs(2_000)
      await endContainments(deps)
      assert.equal((await api('GET', `/api/machines/${id}`)).body.state, 'active')
      assert.equal(server.tokens.verifyAccessToken(token, id), undefined)
      assert.equal((await ask()).status, 401, 'what it ended stays ended')
    }),
)

onEachEngine("containment of a part leaves the rest: a person's tokens end, the person goes on", (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    const alice = await makeUser(api, 'alice')
    const done = await api('POST', '/api/contain', {
      id: alice,
      reason: 'a token leaked',
      parts: ['sessions', 'tokens'],
    })
    assert.equal(done.status, 200, JSON.stringify(done.body))
    assert.deepEqual(
      done.body.steps.map((one: { part: string }) => one.part),
      ['sessions', 'tokens'],
    )
    assert.equal((await api('GET', `/api/users/${alice}`)).body.state, 'active')
    await until(async () =>
      [...server.tokens.revocations.all()].some(({ kind, id }) => kind === 'principal' && id === alice),
    )
    const unknown = await api('POST', '/api/contain', { id: 'group_x', reason: 'x' })
    assert.equal(unknown.status, 404)
  }),
)

onEachEngine(
  'containment reaches API keys and key pairs: of access alone for a time, and for good with the credentials',
  (scratch) =>
    inKeyHouse(scratch, async ({ server, api, clock, docs, machine, ask }) => {
      const { secret } = (await api('POST', '/api/api-keys', { owner: machine, name: 'k', applications: [docs] })).body
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const key = await api('POST', `/api/machines/${machine}/keys`, { jwk: publicKey.export({ format: 'jwk' }) })
      assert.equal(key.status, 201, JSON.stringify(key.body))
      assert.equal((await ask(secret)).status, 200)
      const contain = (more: object) =>
        api('POST', '/api/contain', { id: machine, reason: 'a log was public', ...more })
      assert.equal((await contain({ parts: ['access'], forSeconds: 3_600 })).status, 200)
      await until(async () => (await ask(secret)).status === 401)
      const deps = { storage: server.storage, clock, gate: server.authorization.gate, entropy: systemEntropy }
      clock.advanceMs(3_601_000)
      await endContainments(deps)
      await until(async () => (await ask(secret)).status === 200)
      assert.equal((await api('GET', `/api/machines/${machine}`)).body.keys.length, 1, 'as it was before')

      const whole = await contain({})
      const touched = (name: string) => whole.body.steps.find(({ part }: { part: string }) => part === name).touched
      assert.deepEqual([touched('credentials'), touched('api-keys')], [1, 1], 'the key pair, and the API key')
      await until(async () => (await ask(secret)).status === 401)
      assert.deepEqual((await api('GET', `/api/machines/${machine}`)).body.keys, [])
      await api('POST', `/api/machines/${machine}/activate`)
      await until(async () => (await api('GET', `/api/api-keys?owner=${machine}&live=true`)).body.items.length === 0)
      assert.equal((await ask(secret)).status, 401)
    }),
)
