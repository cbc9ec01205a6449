import assert from 'node:assert/strict'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { onEachEngine } from '../../../test/support/engines.ts'
import { credentialsOf } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'

const grant = { grant_type: 'client_credentials' }

onEachEngine(
  'a request that is answered without the provider is answered as the provider answers it',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const url = `${it.url}/oauth/token`
    const job = await it.addClient({ name: 'job', kind: 'service', scopes: ['read', 'write'] })
    const docs = await it.addClient({ name: 'docs', scopes: ['read'], origins: ['https://docs.example'] })
    const { machine, secret } = await it.addMachine({
      name: 'm',
      owner: (await it.addPerson('olga')).id,
      scopes: ['read'],
    })
    const rows: [string, { id: string; secret: string }, Record<string, string>][] = [
      ['plain', credentialsOf(job), {}],
      ['scopes', credentialsOf(job), { scope: 'write read' }],
      ['a scope twice, and one it has not', credentialsOf(job), { scope: 'read read admin' }],
      ['another application', credentialsOf(job), { scope: 'read write', resource: 'https://docs.example' }],
      ['another by its id', credentialsOf(job), { resource: `urn:gatehouse:${docs.application.id}`, scope: 'read' }],
      ['our own API', credentialsOf(job), { resource: it.url }],
      ['a machine', { id: machine.id, secret }, { scope: 'read' }],
      ['an empty scope', credentialsOf(job), { scope: '' }],
      ['its own id in the body', credentialsOf(job), { client_id: job.application.id }],
      ['an unknown parameter', credentialsOf(job), { foo: 'bar' }],
      ['a standard scope', credentialsOf(job), { scope: 'openid read' }],
      ['a resource nobody has', credentialsOf(job), { resource: 'https://other.example' }],
      ['a resource that is no address', credentialsOf(job), { resource: 'docs' }],
      ['a resource with a fragment', credentialsOf(job), { resource: `${it.url}#x` }],
      ['a scope that cannot be', credentialsOf(job), { scope: 'a"b' }],
      ['a client without the grant', credentialsOf(docs), {}],
      ['a wrong secret', { ...credentialsOf(job), secret: 'x' }, {}],
      ['another client’s id in the body', credentialsOf(job), { client_id: docs.application.id }],
    ]
    let granted = 0
    for (const [what, client, more] of rows) {
      const quick = await postForm(url, { ...grant, ...more }, client)
      // Written so, the same credentials are read by the provider alone.
      const slow = await postForm(url, { ...grant, ...more }, { ...client, id: client.id.replace('_', '%5F') })
      assert.equal(quick.status, slow.status, `${what}: ${JSON.stringify([quick.body, slow.body])}`)
      for (const name of ['cache-control', 'content-type'])
        assert.equal(quick.headers.get(name), slow.headers.get(name), `${what}: ${name}`)
      if (quick.status !== 200) {
        assert.deepEqual(quick.body, slow.body, what)
        continue
      }
      granted++
      const [a, b] = [quick, slow].map(({ body }) => body.access_token as string) as [string, string]
      assert.deepEqual(decodeProtectedHeader(a), decodeProtectedHeader(b), what)
      const still = ({ jti: _, iat, exp, ...rest }: Record<string, unknown>) => ({
        ...rest,
        lives: Number(exp) - Number(iat) > 800,
      })
      assert.deepEqual(still(decodeJwt(a)), still(decodeJwt(b)), what)
      const shape = ({ access_token: _, expires_in, ...rest }: Record<string, unknown>) => ({
        ...rest,
        lives: Number(expires_in) > 800,
      })
      assert.deepEqual(shape(quick.body), shape(slow.body), what)
      const [told, known] = await Promise.all(
        [a, b].map((token) => postForm(`${it.url}/oauth/introspect`, { token }, client)),
      )
      assert.deepEqual(Object.keys(told?.body ?? {}).sort(), Object.keys(known?.body ?? {}).sort(), what)
    }
    const events = await it.events('tokens.token_issued')
    assert.equal(granted, 10)
    assert.equal(events.length, 2 * granted, 'each is on the record')
    for (let at = 0; at < events.length; at += 2) {
      const [first, second] = [events[at], events[at + 1]].map((event) => ({
        ...event,
        data: { ...(event?.data as object), token: 0, expiresAt: 0 },
        position: 0,
        atMs: 0,
        requestId: 0,
        id: 0,
      }))
      assert.deepEqual(first, second)
    }
    const rowsKept = await it.storage.db
      .selectFrom('token_artifacts')
      .selectAll()
      .where('kind', '=', 'ClientCredentials')
      .execute()
    assert.equal(rowsKept.length, 2 * granted)
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)
