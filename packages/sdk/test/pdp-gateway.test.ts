import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { credentials, loadPackageDefinition } from '@grpc/grpc-js'
import { type CheckResponse, definition } from '../../server/src/authorization/ext-authz/messages.ts'
import { inHouse, until } from './support/house.ts'

const program = fileURLToPath(new URL('../../server/src/pdp.ts', import.meta.url))
const origin = 'http://documents.localhost:9080'
const { host } = new URL(origin)

interface Question {
  readonly method?: string
  readonly path: string
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
}

const headersOf = ({ method = 'GET', path, host: asked = host, headers = {} }: Question) => ({
  'x-forwarded-method': method,
  'x-forwarded-proto': 'http',
  'x-forwarded-host': asked,
  'x-forwarded-uri': path,
  ...headers,
})

async function ask(url: string, question: Question) {
  const answer = await fetch(`${url}/forward-auth`, { headers: headersOf(question), redirect: 'manual' })
  const body = await answer.text()
  const shown = Object.fromEntries(
    [...answer.headers].filter(([name]) =>
      /^(gatehouse-|location|www-authenticate|content-type|retry-after)/.test(name),
    ),
  )
  return { status: answer.status, headers: shown, body }
}

/** What may differ between two answers to one question: request ids, moments, one-time values. */
const comparable = ({ status, headers, body }: Awaited<ReturnType<typeof ask>>) => {
  const { 'gatehouse-identity': identity, location, ...rest } = headers
  const claims = identity && JSON.parse(Buffer.from(identity.split('.')[1] as string, 'base64url').toString('utf8'))
  const { iat: _, exp: __, ...said } = claims ?? {}
  const problem = body.startsWith('{') ? { ...JSON.parse(body), requestId: undefined } : body.length > 0
  return { status, rest, said, problem, to: location && new URL(location).pathname }
}

test('gatehouse pdp answers forward-auth and ext_authz as the server does, from its replica; sign-in is passed on, and nothing is let through without the server', () =>
  inHouse(async (house) => {
    await house.grantReplica()
    const secretFile = join(house.directory, 'secret')
    writeFileSync(secretFile, `${house.secret}\n`, { mode: 0o600 })
    const child: ChildProcess = spawn(process.execPath, [program], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        GATEHOUSE_URL: house.api.url,
        GATEHOUSE_APPLICATION: house.applicationId,
        GATEHOUSE_CLIENT_SECRET_FILE: secretFile,
        GATEHOUSE_PDP_LISTEN: '127.0.0.1:0',
        GATEHOUSE_PDP_EXT_AUTHZ_LISTEN: '127.0.0.1:0',
        GATEHOUSE_PDP_BOUNDS: '60s/deny, write=ask',
        GATEHOUSE_PDP_EDGE_LIMITS: 'address=1',
        GATEHOUSE_PDP_HOSTS: 'pdp.internal.example',
      },
    })
    const ended = once(child, 'exit')
    let client: Client | undefined
    try {
      const [line] = await once(child.stdout as never, 'data')
      const [, url = '', port] = /(http:\/\/\S+), .*port (\d+)/.exec(String(line)) ?? []
      await until('it is ready', async () => (await fetch(`${url}/readyz`)).status === 200, 10_000)
      const alice = { authorization: `Bearer ${house.mint(await house.idOf('users', 'alice'))}` }
      const archiver = { authorization: `Bearer ${house.mint(await house.idOf('machines', 'archiver'))}` }
      const page = { accept: 'text/html' }
      const questions: Question[] = [
        { path: '/documents/welcome', headers: { ...alice, 'gatehouse-subject': 'forged' } },
        { path: '/documents/welcome?a=b', headers: archiver },
        { path: '/documents/salaries', headers: archiver },
        { path: '/documents/salaries', headers: { ...archiver, ...page } },
        { path: '/documents/welcome', method: 'PUT', headers: archiver },
        { path: '/other', headers: alice },
        { path: '/documents/%2e%2e/welcome', headers: alice },
        { path: '/DOCUMENTS/welcome', headers: alice },
        { path: '/documents/welcome', headers: { ...alice, 'x-http-method-override': 'DELETE' } },
        { path: '/documents/welcome', host: 'elsewhere.example', headers: alice },
        { path: '/documents/welcome', headers: { authorization: 'Bearer a.b.c' } },
        { path: '/documents/welcome', headers: { authorization: `${alice.authorization}x` } },
        { path: '/documents/welcome', headers: { authorization: 'Bearer gh_unknown' } },
        { path: '/documents/welcome' },
        { path: '/documents/welcome', headers: page },
        { path: '/documents/welcome', headers: { ...page, 'gatehouse-gateway': 'auth_request' } },
        { path: '/.gatehouse/sign-in?to=/', headers: page },
      ]
      const statuses = new Set<number>()
      for (const question of questions) {
        const [here, there] = [await ask(url, question), await ask(house.api.url, question)]
        assert.deepEqual(comparable(here), comparable(there), JSON.stringify(question))
        statuses.add(here.status)
      }
      assert.deepEqual([...statuses].sort(), [200, 302, 401, 403])

      // Envoy, over HTTP and over gRPC.
      const overHttp = (path: string) =>
        new Promise<IncomingMessage>((resolve, reject) => {
          const headers = { ...alice, host, 'x-forwarded-proto': 'http', 'gatehouse-forged': 'x' }
          get(`${url}/ext-authz${path}`, { headers }, resolve).on('error', reject)
        })
      const permitted = await overHttp('/documents/welcome')
      assert.equal(permitted.statusCode, 200)
      assert.equal(permitted.headers['gatehouse-subject'], await house.idOf('users', 'alice'))
      assert.equal(permitted.headers['x-envoy-auth-headers-to-remove'], 'gatehouse-forged')
      assert.equal((await overHttp('/other')).headers['gatehouse-reason'], 'route-unknown')
      client = clientOf(Number(port))
      const check = (request: object) =>
        new Promise<CheckResponse>((resolve, reject) => {
          client?.Check({ attributes: { request: { http: request } } }, (error, answer) =>
            error ? reject(error) : resolve(answer),
          )
        })
      const asked = { method: 'GET', scheme: 'http', host, path: '/documents/welcome' }
      const allowed = await check({ ...asked, headers: { ...alice, 'x-request-id': 'pdp-grpc' } })
      assert.equal(allowed.status.code ?? 0, 0)
      const named = allowed.ok_response?.headers.map(({ header }) => header.key)
      assert.ok(named?.includes('gatehouse-subject') && named.includes('gatehouse-identity'), String(named))
      assert.equal((await check(asked)).status.code, 16)
      assert.equal((await check({ ...asked, path: '/documents/salaries', headers: archiver })).status.code, 7)

      // Edge limits are the server's: three seconds' worth at once for an address, told in the standard headers, and others are not held to it.
      const from = (address: string) =>
        fetch(`${url}/forward-auth`, {
          headers: { ...headersOf({ path: '/documents/welcome', headers: alice }), 'x-forwarded-for': address },
        })
      const told: string[] = []
      for (let count = 0; count < 4; count++) {
        const { status, headers } = await from('192.0.2.7')
        told.push([status, headers.get('ratelimit-policy'), headers.get('retry-after')].join(' '))
      }
      const policy = '"address";q=3;w=3'
      assert.deepEqual(told, [...Array(3).fill(`200 ${policy} `), `429 ${policy} 1`])
      assert.equal((await from('192.0.2.8')).status, 200)
      const limited = await (await fetch(`${url}/metrics`)).text()
      assert.match(limited, /^authorization_edge_limited_total\{by="address"\} 1$/m)

      // A page whose name was made to lead here (DNS rebinding) learns nothing; the names it goes by, and its gateway's, do.
      const asHost = (path: string, as: string) =>
        new Promise<number | undefined>((resolve, reject) => {
          const headers = { ...headersOf({ path: '/documents/welcome', headers: alice }), host: as }
          get(`${url}${path}`, { headers }, (answer) => {
            answer.resume()
            resolve(answer.statusCode)
          }).on('error', reject)
        })
      for (const path of ['/forward-auth', '/ext-authz/documents/welcome', '/metrics', '/healthz'])
        assert.equal(await asHost(path, 'rebound.attacker.example:8181'), 421, path)
      for (const as of ['localhost:8181', 'PDP.internal.example', '127.0.0.1', '[::1]:8181', 'pdp'])
        assert.equal(await asHost('/healthz', as), 200, as)
      assert.equal(await asHost('/forward-auth', host), 200)

      // On record at the server, once each, as what they are.
      const record = async () => (await house.api.call('GET', '/api/decisions?requestId=pdp-grpc')).body.items
      await until('it is on record', async () => (await record()).length === 1)
      assert.deepEqual(
        (await record()).map(({ via, outcome }: Record<string, string>) => [via, outcome]),
        [['local', 'allow']],
      )

      // A route that is added at the server is one here within a second.
      const routes = [{ method: 'GET', path: '/papers/:id', action: 'read', resource: 'Document::"{id}"' }]
      const papers = { path: '/papers/welcome', headers: alice }
      assert.equal((await ask(url, papers)).status, 403)
      const changed = await house.api.call('PATCH', `/api/applications/${house.applicationId}`, { routes })
      assert.equal(changed.status, 200, JSON.stringify(changed.body))
      const tookMs = await until('the route is known', async () => (await ask(url, papers)).status === 200, 1_000)
      assert.ok(tookMs <= 1_000)

      // Without the server: who was met is decided upon, everything that needs it is refused and may be tried again.
      house.api.web.app.server.close()
      house.api.web.app.server.closeAllConnections()
      assert.equal((await ask(url, papers)).status, 200)
      const without = await ask(url, { path: '/papers/welcome' })
      assert.deepEqual([without.status, without.headers['retry-after']], [503, '1'])
      const metrics = await (await fetch(`${url}/metrics`)).text()
      assert.match(metrics, /^gatehouse_fallbacks_total\{reason="session"\} [1-9]/m)
      assert.match(metrics, /^gatehouse_fallbacks_total\{reason="bound"\} [1-9]/m)
      assert.match(metrics, /^gatehouse_fallback_outcomes_total\{outcome="deny"\} [1-9]/m)
      assert.match(metrics, /^gatehouse_fallback_outcomes_total\{outcome="failed"\} [1-9]/m)
    } finally {
      client?.close()
      child.kill('SIGTERM')
      await ended
    }
  }))

interface Client {
  Check(request: object, done: (error: Error | null, answer: CheckResponse) => void): void
  close(): void
}

function clientOf(port: number): Client {
  // biome-ignore lint/suspicious/noExplicitAny: what grpc-js loads has no types
  const { Authorization } = (loadPackageDefinition(definition) as any).envoy.service.auth.v3
  return new Authorization(`127.0.0.1:${port}`, credentials.createInsecure())
}
