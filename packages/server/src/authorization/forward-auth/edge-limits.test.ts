import assert from 'node:assert/strict'
import type { LightMyRequestResponse } from 'fastify'
import { onEachEngine } from '../../../test/support/engines.ts'
import { atGateway, browser, session } from '../../../test/support/gateway.ts'

const bundle = {
  schema: `entity Document; action read appliesTo { principal: [User, Machine], resource: [Document] };`,
  policies: '@id("all") permit (principal, action == Action::"read", resource is Document);',
}
const headersOf = ({ headers }: LightMyRequestResponse) => [headers.ratelimit, headers['retry-after']]

onEachEngine(
  'beyond its limit a principal is 429 with Retry-After and RateLimit, by all its tokens, and nothing is decided',
  (scratch) =>
    atGateway(
      scratch,
      bundle,
      async ({ house, alice, sessions, ask }) => {
        const other = await house.user()
        const as = (token: string, more: Record<string, string> = {}) =>
          ask('/documents/plan', { authorization: `Bearer ${token}`, ...more })
        const first = await as(`token-${alice.id}`)
        assert.equal(first.statusCode, 200)
        assert.equal(first.headers['ratelimit-policy'], '"principal";q=6;w=3')
        assert.deepEqual(headersOf(first), ['"principal";r=5;t=1', undefined])
        for (let at = 0; at < 5; at++) assert.equal((await as(`token-${alice.id}~${at}`)).statusCode, 200)
        for (const token of [`token-${alice.id}`, `token-${alice.id}~new`]) {
          const refused = await as(token, { 'x-request-id': `refused-${token.length}` })
          assert.equal(refused.statusCode, 429)
          assert.deepEqual(headersOf(refused), ['"principal";r=0;t=1', '1'])
          assert.equal(refused.json().code, 'web.rate_limited')
          assert.equal(refused.headers['gatehouse-identity'], undefined)
          assert.deepEqual(await house.authorization.journal.find(`refused-${token.length}`), [])
        }
        const nginx = await as(`token-${alice.id}`, { 'gatehouse-gateway': 'auth_request' })
        assert.deepEqual(
          [nginx.statusCode, nginx.headers['gatehouse-reason'], nginx.headers['retry-after']],
          [403, 'rate-limited', '1'],
        )
        // The same person by her cookie is the same principal; somebody else is not.
        sessions.set('ses_1', session(alice))
        assert.equal((await ask('/documents/plan', { cookie: 'gatehouse-session=ses_1', ...browser })).statusCode, 429)
        assert.equal((await as(`token-${other.id}`)).statusCode, 200)
        assert.equal(
          (await as(`token-${other.id}x`)).statusCode,
          401,
          'a token that says it is somebody uses up nothing of hers',
        )
        house.clock.advanceMs(1_000)
        assert.equal((await as(`token-${alice.id}`)).statusCode, 200)
        const metrics = await house.meter.expose()
        assert.match(metrics, /authorization_edge_limited_total\{by="principal"\} 4/)
      },
      { rates: { principal: 2 } },
    ),
)

onEachEngine(
  "an address is the client's as a trusted proxy tells it, and is asked before anything is verified",
  (scratch) =>
    atGateway(
      scratch,
      bundle,
      async ({ alice, ask }) => {
        const from = (address: string, token: string) =>
          ask('/documents/plan', { 'x-forwarded-for': address, authorization: `Bearer ${token}` })
        for (let at = 0; at < 3; at++) assert.equal((await from('198.51.100.7', `forged-${at}`)).statusCode, 401)
        const refused = await from('198.51.100.7', `token-${alice.id}`)
        assert.equal(refused.statusCode, 429)
        assert.deepEqual(headersOf(refused), ['"address";r=0;t=1', '1'])
        assert.equal((await from('198.51.100.8', `token-${alice.id}`)).statusCode, 200)
        // A customer's IPv6 network is one; without a proxy's word the gateway's own address is no client's.
        for (let at = 0; at < 3; at++)
          assert.equal((await from(`2001:db8::${at}`, `token-${alice.id}`)).statusCode, 200)
        assert.equal((await from('2001:db8::ffff', `token-${alice.id}`)).statusCode, 429)
        for (let at = 0; at < 5; at++)
          assert.equal((await ask('/documents/plan', { authorization: `Bearer token-${alice.id}` })).statusCode, 200)
      },
      { rates: { address: 1 }, trustedProxies: ['127.0.0.1'] },
    ),
)

onEachEngine('a client is limited over all who come by it, whoever they are', async (scratch) => {
  await atGateway(
    scratch,
    bundle,
    async ({ house, alice, ask }) => {
      const other = await house.user()
      const by = (id: string) => ask('/documents/plan', { authorization: `Bearer token-${id}` })
      for (const id of [alice.id, other.id, alice.id]) assert.equal((await by(id)).statusCode, 200)
      const refused = await by(other.id)
      assert.deepEqual([refused.statusCode, ...headersOf(refused)], [429, '"client";r=0;t=1', '1'])
    },
    { rates: { client: 1, principal: 100 } },
  )
})

onEachEngine('without a setting nothing is limited, and no header is added', (scratch) =>
  atGateway(scratch, bundle, async ({ alice, ask }) => {
    for (let at = 0; at < 50; at++) {
      const reply = await ask('/documents/plan', { authorization: `Bearer token-${alice.id}` })
      assert.deepEqual(
        [reply.statusCode, reply.headers.ratelimit, reply.headers['ratelimit-policy']],
        [200, undefined, undefined],
      )
    }
  }),
)
