import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { test } from 'node:test'
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js'
import { type CheckResponse, definition } from '../../src/authorization/ext-authz/messages.ts'
import { acmeOrigin, applyAcme, tokenOf } from '../support/acme-house.ts'
import { type Api, startApi } from '../support/api.ts'
import { startCollector } from '../support/collector.ts'
import { scratchDatabase } from '../support/engines.ts'
import { freePort } from '../support/ports.ts'

interface Envoy {
  readonly api: Api
  readonly applicationId: string
  readonly organizationId: string
  /** A token of a person or machine for the application, signed by the server's own key. */
  mint(sub: string): string
  idOf(kind: 'users' | 'machines', name: string): Promise<string>
  check(http: Record<string, unknown>): Promise<CheckResponse>
}

const host = new URL(acmeOrigin).host
const asked = { method: 'GET', scheme: 'http', host, path: '/documents/welcome' }

/** The server with a gRPC listener, and a client made from the protocol's description. */
async function withEnvoy(body: (envoy: Envoy) => Promise<void>, more: Record<string, string> = {}): Promise<void> {
  const scratch = await scratchDatabase('sqlite')
  const port = await freePort()
  const api = await startApi(scratch, { GATEHOUSE_EXT_AUTHZ_LISTEN: `127.0.0.1:${port}`, ...more })
  const { Authorization } = (loadPackageDefinition(definition) as never as Loaded).envoy.service.auth.v3
  const client = new Authorization(`127.0.0.1:${port}`, credentials.createInsecure())
  try {
    const { applicationId, organizationId } = await applyAcme(api)
    await body({
      api,
      applicationId,
      organizationId,
      idOf: async (kind, name) => {
        const { body: page } = await api.call('GET', `/api/${kind}?organizationId=${organizationId}`)
        return page.items.find((one: Record<string, string>) => one.username === name || one.name === name).id
      },
      mint: (sub) => {
        const { kid } = api.keyring.activeKey('ES256')
        const now = Math.floor(Date.now() / 1_000)
        const claims = { iss: api.url, aud: applicationId, sub, client_id: applicationId, jti: `${sub}${now}` }
        const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
        const signed = `${encode({ alg: 'ES256', typ: 'at+jwt', kid })}.${encode({ ...claims, iat: now, exp: now + 300 })}`
        return `${signed}.${Buffer.from(api.keyring.sign(kid, Buffer.from(signed))).toString('base64url')}`
      },
      check: (http) =>
        new Promise((resolve, reject) => {
          const source = { address: { socket_address: { address: '192.0.2.7', port_value: 4711 } } }
          const request = { attributes: { source, request: { http } } }
          client.Check(request, new Metadata(), (error, answer) => (error ? reject(error) : resolve(answer)))
        }),
    })
  } finally {
    client.close()
    await api.close()
    await scratch.remove()
  }
}

interface Loaded {
  envoy: {
    service: {
      auth: {
        v3: {
          Authorization: new (
            address: string,
            how: ReturnType<typeof credentials.createInsecure>,
          ) => {
            Check(request: object, metadata: Metadata, done: (error: Error | null, answer: CheckResponse) => void): void
            close(): void
          }
        }
      }
    }
  }
}

const headersOf = (all: CheckResponse['ok_response'] | CheckResponse['denied_response']) =>
  Object.fromEntries((all?.headers ?? []).map(({ header }) => [header.key, header.value]))

test('Check lets through with an identity that overwrites the client’s, and maps denials to their HTTP answers', () =>
  withEnvoy(async ({ api, check, mint, idOf }) => {
    const alice = await idOf('users', 'alice')
    const authorization = `Bearer ${mint(alice)}`
    const spoofed = { 'gatehouse-subject': 'user_root', 'gatehouse-roles': 'owner' }
    const ok = await check({ ...asked, headers: { authorization, ...spoofed, 'x-request-id': 'envoy-1' } })
    assert.equal(ok.status.code ?? 0, 0, JSON.stringify(ok))
    assert.equal(headersOf(ok.ok_response)['gatehouse-subject'], alice)
    assert.equal(headersOf(ok.ok_response)['gatehouse-username'], 'alice')
    assert.equal(String(headersOf(ok.ok_response)['gatehouse-identity']).split('.').length, 3)
    for (const { append, append_action: action } of ok.ok_response?.headers ?? [])
      assert.deepEqual([append?.value ?? false, action], [false, 2])
    assert.deepEqual(ok.ok_response?.headers_to_remove, ['gatehouse-roles'])
    const kept = await api.call('GET', '/api/decisions?requestId=envoy-1')
    assert.deepEqual([kept.body.items[0].via, kept.body.items[0].outcome], ['ext-authz', 'allow'])

    const nobody = await check({ ...asked, headers: {} })
    assert.equal(nobody.status.code, 16)
    assert.equal(nobody.denied_response?.status.code, 401)
    assert.equal(headersOf(nobody.denied_response)['www-authenticate'], 'Bearer')
    const denied = await check({
      ...asked,
      method: 'PUT',
      headers: { authorization: `Bearer ${mint(await idOf('machines', 'archiver'))}` },
    })
    assert.equal(denied.status.code, 7)
    assert.equal(denied.denied_response?.status.code, 403)
    assert.equal(JSON.parse(denied.denied_response?.body ?? '').code, 'authorization.denied')
    const browser = await check({ ...asked, headers: { accept: 'text/html' } })
    assert.equal(browser.denied_response?.status.code, 302)
    assert.match(
      String(headersOf(browser.denied_response).location),
      /^http:\/\/documents\.localhost:9080\/\.gatehouse\/sign-in/,
    )
  }))

test('headers of a client that only gateways may set decide nothing; what is not described is denied', () =>
  withEnvoy(async ({ check, mint, idOf }) => {
    const authorization = `Bearer ${mint(await idOf('users', 'alice'))}`
    const lies = {
      'x-forwarded-method': 'GET',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': host,
      'x-forwarded-uri': '/documents/welcome',
    }
    const status = async (http: object) => {
      const { status, denied_response: denied } = await check(http as Record<string, unknown>)
      return denied?.status.code ?? status.code ?? 0
    }
    assert.equal(await status({ ...asked, headers: { authorization } }), 0)
    assert.equal(await status({ ...asked, host: 'other.example', headers: { authorization, ...lies } }), 403)
    assert.equal(await status({ ...asked, path: '/documents/%2e%2e/x', headers: { authorization, ...lies } }), 403)
    for (const missing of ['method', 'scheme', 'host', 'path'])
      assert.equal(await status({ ...asked, [missing]: '', headers: { authorization, ...lies } }), 403, missing)
    assert.equal(await status({}), 403)
    // As Envoy sends them with `encode_raw_headers`, and with a body that nobody reads.
    const raw = { headers: [{ key: 'Authorization', raw_value: Buffer.from(authorization) }] }
    assert.equal(await status({ ...asked, header_map: raw, raw_body: Buffer.alloc(100_000, 'x') }), 0)
    const twice = { headers: [...raw.headers, { key: 'authorization', raw_value: Buffer.from('Bearer x') }] }
    assert.equal(await status({ ...asked, header_map: twice }), 401)
  }))

test('over HTTP Envoy asks with the client’s own method, host and path', () =>
  withEnvoy(async ({ api, mint, idOf }) => {
    const ask = (path: string, method: string, headers: Record<string, string>) =>
      new Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
        const { hostname, port } = new URL(api.url)
        const options = {
          hostname,
          port,
          path: `/ext-authz${path}`,
          method,
          headers: { host, 'x-forwarded-proto': 'http', ...headers },
        }
        const sent = httpRequest(options, (answer) => {
          answer.resume()
          answer.once('end', () => resolve({ status: answer.statusCode as number, headers: answer.headers }))
        })
        sent.once('error', reject)
        sent.end()
      })
    const alice = await idOf('users', 'alice')
    const authorization = `Bearer ${mint(alice)}`
    const ok = await ask('/documents/welcome?x=1', 'GET', { authorization, 'gatehouse-roles': 'owner' })
    assert.equal(ok.status, 200)
    assert.equal(ok.headers['gatehouse-subject'], alice)
    assert.equal(ok.headers['x-envoy-auth-headers-to-remove'], 'gatehouse-roles')
    assert.equal((await ask('/documents/welcome', 'GET', {})).status, 401)
    assert.equal(
      (await ask('/documents/welcome', 'GET', { authorization, 'x-forwarded-uri': '/x', host: 'other' })).status,
      403,
    )
    assert.equal((await ask('/documents/..%2fx', 'GET', { authorization })).status, 403)
    assert.equal(await tokenOf(api.url, { applicationId: 'app_none', secret: '' }), undefined)
  }))

test('a trace that Envoy began goes on through Check to the decision', async (t) => {
  const collector = await startCollector()
  t.after(() => collector.close())
  await withEnvoy(
    async ({ api, check, mint, idOf }) => {
      const authorization = `Bearer ${mint(await idOf('users', 'alice'))}`
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
      await check({ ...asked, headers: { authorization, traceparent, 'x-request-id': 'envoy-2' } })
      await api.traces?.flush()
      const [decision, question] = collector.spans.filter(({ traceId }) => traceparent.includes(traceId))
      assert.equal(question?.name, 'envoy.service.auth.v3.Authorization/Check')
      assert.equal(question.parentSpanId, '00f067aa0ba902b7')
      assert.equal(question.attributes['gatehouse.request.id'], 'envoy-2')
      assert.deepEqual([decision?.name, decision?.parentSpanId], ['decide', question.spanId])
      assert.equal(decision?.attributes['gatehouse.decision.via'], 'ext-authz')
    },
    { GATEHOUSE_TRACES_URL: collector.url },
  )
})
