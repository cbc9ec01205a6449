import assert from 'node:assert/strict'
import type { Act } from '#kernel'
import { startApi } from '../../../test/support/api.ts'
import { onEachEngine } from '../../../test/support/engines.ts'

onEachEngine(
  'identity providers: values are checked, one issuer stands once, and trust is the owners’',
  async (scratch) => {
    const api = await startApi(scratch)
    try {
      const home = (await api.call('GET', '/api/organizations')).body.items[0].id
      const right = { organizationId: home, name: 'corp', issuer: 'https://idp.example', clientId: 'gatehouse' }
      const post = (more: object, options = {}) => api.call('POST', '/api/providers', { ...right, ...more }, options)
      for (const wrong of [
        { issuer: 'http://idp.example' },
        { issuer: 'https://idp.example/?a=b' },
        { issuer: 'https://a:b@idp.example' },
        { name: 'Not a name' },
        { domains: ['not a domain'] },
        { provisions: true },
        { provisions: true, domains: [] },
        { trustedAcr: ['with space'] },
      ])
        assert.equal((await post(wrong)).status, 400, JSON.stringify(wrong))
      const made = await post({ domains: ['Corp.example', 'corp.example'], scopes: ['email'] })
      assert.equal(made.status, 201, JSON.stringify(made.body))
      assert.deepEqual(made.body.domains, ['corp.example'])
      assert.deepEqual(made.body.scopes, ['openid', 'email'])
      assert.equal(made.body.authMethod, 'private_key_jwt')
      assert.equal(made.body.provisions, false)
      assert.equal((await post({ name: 'other' })).body.code, 'directory.issuer_taken')
      assert.equal((await post({ issuer: 'https://other.example' })).body.code, 'directory.name_taken')
      const path = `/api/providers/${made.body.id}`
      assert.equal((await api.call('PATCH', path, { issuer: 'https://other.example' })).status, 400)
      assert.equal((await api.call('PATCH', path, { provisions: true, domains: [] })).status, 400)
      const secret = await api.call('PUT', `${path}/secret`, { secret: 'a-secret-to-be-kept' })
      assert.equal(secret.status, 204)
      assert.doesNotMatch(JSON.stringify((await api.call('GET', path)).body), /secret-to-be-kept/)

      // An administrator manages, and trusts nobody; an auditor looks; a stranger does neither.
      const as = async (name: string, role?: string) => {
        const made = await api.call('POST', '/api/users', { organizationId: home, username: name })
        const { id } = (await api.call('POST', `/api/users/${made.body.id}/activate`, {})).body
        const actor = { type: 'user', id, organizationId: home, name } as Act['actor'] & { id: string }
        const resource = { type: 'Gatehouse::Deployment', id: 'gatehouse' }
        const principal = { type: 'User', id: actor.id }
        if (role !== undefined)
          assert.equal((await api.call('POST', '/api/grants', { role, principal, resource, why: 'test' })).status, 201)
        return { actor }
      }
      const administrator = await as('ada', 'administrator')
      const auditor = await as('aud', 'auditor')
      const stranger = await as('sam')
      assert.equal((await api.call('PATCH', path, { displayName: 'Corp' }, administrator)).status, 200)
      assert.equal((await api.call('PATCH', path, { trustedAmr: ['mfa'] }, administrator)).status, 403)
      assert.equal(
        (await post({ name: 'b', issuer: 'https://b.example', trustedAcr: ['x'] }, administrator)).status,
        403,
      )
      assert.equal((await api.call('PATCH', path, { trustedAmr: ['mfa'] })).status, 200)
      // What is trusted may be taken away by who manages, and not given back.
      assert.equal((await api.call('PATCH', path, { trustedAmr: [] }, administrator)).status, 200)
      assert.equal((await api.call('GET', path, undefined, auditor)).status, 200)
      assert.equal((await api.call('PATCH', path, { displayName: 'X' }, auditor)).status, 403)
      for (const [method, url, body] of [
        ['GET', path],
        ['GET', '/api/providers'],
        ['GET', `${path}/health`],
        ['POST', `${path}/check`],
        ['PUT', `${path}/secret`, { secret: 'mine' }],
        ['DELETE', path],
      ] as const)
        assert.equal((await api.call(method, url, body, stranger)).status, 403, `${method} ${url}`)

      // As files: what was exported plans to nothing; the issuer stays, and trust is asked for here too.
      const files = (await api.call('GET', '/api/configuration/export')).body.files as Record<string, string>
      const [file, text] = Object.entries(files).find(([name]) => name === 'home.yaml') as [string, string]
      assert.match(text, /identity_providers:\n {2}corp:/)
      assert.doesNotMatch(text, /secret-to-be-kept/)
      const plan = await api.call('POST', '/api/configuration/plan', { files })
      assert.deepEqual(plan.body.changes, [], JSON.stringify(plan.body))
      const apply = async (change: (text: string) => string, options = {}) => {
        const changed = { ...files, [file]: change(text) }
        const plan = await api.call('POST', '/api/configuration/plan', { files: changed })
        if (plan.status !== 200) return plan
        const { fingerprint } = plan.body
        return api.call('POST', '/api/configuration/apply', { files: changed, fingerprint }, options)
      }
      const moved = await apply((it) => it.replace('https://idp.example', 'https://moved.example'))
      assert.equal(moved.status, 409, JSON.stringify(moved.body))
      const widened = (it: string) =>
        it.replace(/(corp:\n)/, '$1    trusted_amr: [ mfa ]\n').replace(/\n {4}trusted_amr: \[\]/, '')
      assert.equal((await apply(widened, administrator)).status, 403)
      const done = await apply(widened)
      assert.ok(done.status < 300, JSON.stringify(done.body))
      assert.deepEqual((await api.call('GET', path)).body.trustedAmr, ['mfa'])
    } finally {
      await api.close()
    }
  },
)
