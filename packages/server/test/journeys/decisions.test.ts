import assert from 'node:assert/strict'
import { inAcme, acmeOrigin as origin, question } from '../support/acme-house.ts'
import { onEachEngine } from '../support/engines.ts'

onEachEngine(
  'an application asks with its own token; what is decided is on record and follows the directory',
  (scratch) =>
    inAcme(scratch, async ({ api, applicationId, token, idOf }) => {
      const decide = async (subject: object, name: string, id: string) => {
        const response = await fetch(`${api.url}/access/v1/evaluation`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            'x-request-id': `ask-${id}`,
          },
          body: JSON.stringify({ subject, action: { name }, resource: { type: 'document', id } }),
        })
        return response.status === 200 ? ((await response.json()) as { decision: boolean }).decision : response.status
      }
      const alice = { type: 'user', id: 'alice' }
      assert.equal(await decide(alice, 'read', 'welcome'), true)
      assert.equal(await decide({ type: 'user', id: 'alice@acme.example' }, 'read', 'welcome'), true)
      assert.equal(await decide({ type: 'user', id: 'mallory' }, 'read', 'welcome'), false)
      const record = await api.call('GET', '/api/decisions?requestId=ask-welcome')
      assert.deepEqual(
        record.body.items.map((one: { outcome: string; caller: object }) => [one.outcome, one.caller]),
        [
          ['allow', { type: 'application', id: applicationId }],
          ['allow', { type: 'application', id: applicationId }],
          ['deny_policy', { type: 'application', id: applicationId }],
        ],
      )
      await api.call('POST', `/api/users/${await idOf('users', 'alice')}/deactivate`, {})
      assert.equal(await decide(alice, 'read', 'welcome'), false)
      await api.call('POST', `/api/applications/${applicationId}/suspend`, {})
      // The revocation of its token follows the feed: a moment later at most.
      const untilMs = Date.now() + 5_000
      while ((await decide(alice, 'read', 'welcome')) !== 401) assert.ok(Date.now() < untilMs)
    }),
)

onEachEngine(
  'behind a gateway, nobody is 401 or sent to sign in, and the application itself has no documents',
  (scratch) =>
    inAcme(scratch, async ({ api, token, ask }) => {
      // `fetch` cannot navigate as a browser does.
      const inject = (path: string, headers = {}) =>
        api.web.app.inject({ url: '/forward-auth', headers: { ...question(path), ...headers } })
      assert.equal((await ask('/documents/welcome')).status, 401)
      const sent = await inject('/documents/welcome', { accept: 'text/html' })
      assert.equal(sent.statusCode, 302)
      const onward = await inject(String(sent.headers.location).slice(origin.length))
      const next = await fetch(String(onward.headers.location), { redirect: 'manual' })
      assert.match(next.headers.get('location') as string, /^\/sign-in\?return_to=%2Fgateway%2Fcontinue/)
      const page = await fetch(new URL(next.headers.get('location') as string, api.url))
      assert.equal(page.status, 200)
      const denied = await ask('/documents/welcome', { authorization: `Bearer ${token}` })
      assert.equal(denied.status, 403)
      assert.equal(denied.headers.get('gatehouse-reason'), 'nothing-permits')
    }),
)
