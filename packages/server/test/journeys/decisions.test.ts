import assert from 'node:assert/strict'
import { acmeFiles } from '../support/acme.ts'
import { type Api, startApi } from '../support/api.ts'
import { onEachEngine, type Scratch } from '../support/engines.ts'

const origin = 'http://documents.localhost:9080'

const question = (path: string) => ({
  'x-forwarded-method': 'GET',
  'x-forwarded-proto': 'http',
  'x-forwarded-host': new URL(origin).host,
  'x-forwarded-uri': path,
})

interface Acme {
  readonly api: Api
  readonly applicationId: string
  /** The application's own token, as client credentials give it. */
  readonly token: string
  idOf(kind: 'users' | 'machines', name: string): Promise<string>
  ask(path: string, headers?: Record<string, string>): Promise<Response>
}

const inAcme = async (scratch: Scratch, body: (acme: Acme) => Promise<void>) => {
  const api = await startApi(scratch)
  try {
    const files = acmeFiles()
    const plan = await api.call('POST', '/api/configuration/plan', { files })
    assert.equal(plan.status, 200, JSON.stringify(plan.body))
    const applied = await api.call('POST', '/api/configuration/apply', { files, fingerprint: plan.body.fingerprint })
    assert.equal(applied.status, 200, JSON.stringify(applied.body))
    const organizations = await api.call('GET', '/api/organizations')
    const acme = organizations.body.items.find((one: { name: string }) => one.name === 'acme')
    const applications = await api.call('GET', `/api/applications?organizationId=${acme.id}`)
    const applicationId = applications.body.items[0].id
    const changed = await api.call('PATCH', `/api/applications/${applicationId}`, {
      grantTypes: ['client_credentials'],
    })
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    const issued = await api.call('POST', `/api/applications/${applicationId}/secrets`, {})
    assert.equal(issued.status, 201, JSON.stringify(issued.body))
    const answered = await fetch(`${api.url}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${applicationId}:${issued.body.secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    const { access_token: token } = (await answered.json()) as { access_token: string }
    const idOf: Acme['idOf'] = async (kind, name) => {
      const { body: page } = await api.call('GET', `/api/${kind}?organizationId=${acme.id}`)
      return page.items.find((one: Record<string, string>) => one.username === name || one.name === name).id
    }
    const ask: Acme['ask'] = (path, headers = {}) =>
      fetch(`${api.url}/forward-auth`, {
        redirect: 'manual',
        headers: { ...question(path), ...headers },
      })
    await body({ api, applicationId, token, idOf, ask })
  } finally {
    await api.close()
  }
}

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
      assert.equal(await decide(alice, 'read', 'welcome'), 401)
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
