import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { onEachEngine } from '../support/engines.ts'
import { until } from '../support/house.ts'
import { type Answered, localAdministrator } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'

onEachEngine(
  'X-Request-ID: one id finds the answer, the log lines, the events and the decisions of a request',
  async (scratch) => {
    const server = await startTestServer(scratch, { environment: { GATEHOUSE_LOG_LEVEL: 'trace' } })
    try {
      const id = `r-${randomUUID()}`
      const api = localAdministrator(scratch)
      const home = (await api('GET', '/api/organizations')).body.items[0].id as string
      const made = await api('POST', '/api/users', { organizationId: home, username: 'alice' }, { 'x-request-id': id })
      assert.equal(made.status, 201)
      assert.equal(made.headers.get('x-request-id'), id)
      let events: Answered | undefined
      await until(async () => {
        events = await api('GET', `/api/events?requestId=${id}`)
        return events.body.items.some(({ type }: { type: string }) => type === 'directory.user_invited')
      })
      for (const event of events?.body.items ?? []) assert.equal(event.requestId, id)
      const decisions = await api('GET', `/api/decisions?requestId=${id}`)
      assert.deepEqual(
        decisions.body.items.map(({ action, requestId }: { action: { id: string }; requestId: string }) => [
          action.id,
          requestId,
        ]),
        [['inviteUser', id]],
      )
      await until(async () => server.logged.some((line) => line.requestId === id))

      // Whatever answers: an error, a page, the token service, the gateway's question, the decision interface, nothing at all.
      for (const [method, path] of [
        ['GET', '/api/users/user_nobody'],
        ['GET', '/sign-in'],
        ['GET', '/.well-known/openid-configuration'],
        ['POST', '/oauth/token'],
        ['GET', '/oauth/authorize?client_id=nobody'],
        ['GET', '/forward-auth'],
        ['POST', '/access/v1/evaluation'],
        ['GET', '/nowhere'],
        ['DELETE', '/healthz'],
      ] as const) {
        const given = `r-${randomUUID()}`
        const answer = await fetch(server.url + path, {
          method,
          headers: { 'x-request-id': given },
          redirect: 'manual',
        })
        assert.equal(answer.headers.get('x-request-id'), given, `${method} ${path}`)
        const text = await answer.text()
        if (/problem\+json/.test(answer.headers.get('content-type') ?? ''))
          assert.equal(JSON.parse(text).requestId, given)
        await until(async () => server.logged.some((line) => line.requestId === given))
        // One that is not an id is replaced, never written down.
        const forged = await fetch(server.url + path, {
          method,
          headers: { 'x-request-id': '{"a":1} b' },
          redirect: 'manual',
        })
        // AuthZEN's is an arbitrary string that comes back as it is; ours stands beside it.
        const ours = path.startsWith('/access/') ? 'gatehouse-request-id' : 'x-request-id'
        assert.match(forged.headers.get(ours) ?? '', /^[\w-]{16,}$/)
        if (path.startsWith('/access/')) assert.equal(forged.headers.get('x-request-id'), '{"a":1} b')
      }
      assert.ok(!JSON.stringify(server.logged).includes('{\\"a\\":1}'))
    } finally {
      await server.close()
    }
  },
)
