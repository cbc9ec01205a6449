import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Fault, Secret, Type } from '#kernel'
import { scratchDatabase } from '../../test/support/engines.ts'
import { canary, startShell } from '../../test/support/shell.ts'
import { healthOperations } from './health.routes.ts'
import { Answer, operation } from './operation.ts'

const open = { kind: 'open', why: 'a test' } as const
const self = { kind: 'self', why: 'a test' } as const
const Thing = Type.Object({ name: Type.String(), count: Type.Integer() }, { additionalProperties: false })
let revision = 7

const scratch = await scratchDatabase('sqlite')
const shell = await startShell(scratch, {
  operations: ({ storage, feed, web }) => [
    ...healthOperations({ storage, feed, draining: () => web.draining }),
    operation({
      id: 'things.make',
      method: 'POST',
      url: '/api/things',
      summary: 'Echo',
      access: open,
      schemas: { body: Thing, reply: Thing },
      handle: async ({ body }) => new Answer(body, { status: 201, location: '/api/things/1' }),
    }),
    operation({
      id: 'things.list',
      method: 'GET',
      url: '/api/things',
      summary: 'Query',
      access: open,
      schemas: {
        query: Type.Object({
          limit: Type.Integer({ maximum: 200, default: 50 }),
          tag: Type.Optional(Type.Array(Type.String())),
        }),
        reply: Type.Unknown(),
      },
      handle: async ({ query }) => query,
    }),
    operation({
      id: 'things.get',
      method: 'GET',
      url: '/api/things/:thingId',
      summary: 'Get',
      access: open,
      schemas: { params: Type.Object({ thingId: Type.Integer() }), reply: Type.Unknown() },
      handle: async ({ params }) => new Answer(params, { revision }),
    }),
    operation({
      id: 'things.put',
      method: 'PUT',
      url: '/api/things/:thingId',
      summary: 'Put',
      access: self,
      schemas: { body: Thing },
      handle: async ({ ifRevision }) => {
        if (ifRevision !== undefined && ifRevision !== revision) throw new Fault('web.revision_conflict')
        revision++
        return undefined
      },
    }),
    operation({
      id: 'things.break',
      method: 'POST',
      url: '/api/break',
      summary: 'Break',
      access: open,
      schemas: { body: Type.Object({ how: Type.String(), secret: Type.Optional(Type.String()) }) },
      handle: async ({ body, raw }) => {
        const error = Object.assign(new Error('the driver failed'), { detail: body.secret, code: '23502' })
        if (body.how === 'driver') throw error
        if (body.how === 'cause') throw new Fault('web.internal', { cause: error })
        raw.log.error({ err: error, password: body.secret, kept: new Secret(body.secret ?? ''), req: raw }, 'logged')
        throw new Error(`secret ${new Secret(body.secret ?? '')}`)
      },
    }),
  ],
})
after(async () => {
  await shell.close()
  await scratch.remove()
})

const send = (path: string, options: RequestInit & { json?: unknown } = {}) =>
  fetch(`${shell.url}${path}`, {
    ...options,
    ...(options.json !== undefined && { method: options.method ?? 'POST', body: JSON.stringify(options.json) }),
    headers: { ...(options.json !== undefined && { 'content-type': 'application/json' }), ...options.headers },
  })
const post = (body: string, type = 'application/json') =>
  send('/api/things', { method: 'POST', body, headers: { 'content-type': type } })

test('a body that is not one unambiguous JSON value is refused with one clear problem (RFC 8259, RFC 9457)', async () => {
  const table: [body: string, type: string, status: number, code: string][] = [
    ['{"name":"a","count":1', 'application/json', 400, 'web.malformed'],
    ['', 'application/json', 400, 'web.malformed'],
    ['{"name":"a","count":1,"count":2}', 'application/json', 400, 'web.malformed'],
    ['{"name":"a","co\\u0075nt":1,"count":2}', 'application/json', 400, 'web.malformed'],
    ['{"name":"a","count":1,"__proto__":{"admin":true}}', 'application/json', 400, 'web.malformed'],
    ['{"name":"a","count":1,"\\u005f_proto__":{}}', 'application/json', 400, 'web.malformed'],
    ['{"name":"a","count":1,"constructor":{"prototype":{}}}', 'application/json', 400, 'web.malformed'],
    ['{"name":"a","count":"1"}', 'application/json', 400, 'web.invalid'],
    ['{"name":1,"count":1}', 'application/json', 400, 'web.invalid'],
    ['{"name":"a","count":1.5}', 'application/json', 400, 'web.invalid'],
    ['{"name":"a","count":null}', 'application/json', 400, 'web.invalid'],
    ['{"name":"a"}', 'application/json', 400, 'web.invalid'],
    ['{"name":"a","count":1,"more":1}', 'application/json', 400, 'web.invalid'],
    ['[]', 'application/json', 400, 'web.invalid'],
    ['name=a&count=1', 'application/x-www-form-urlencoded', 415, 'web.unsupported_media'],
    ['{"name":"a","count":1}', 'text/plain', 415, 'web.unsupported_media'],
    [`{"name":"${'x'.repeat(70_000)}","count":1}`, 'application/json', 413, 'web.too_large'],
  ]
  for (const [body, type, status, code] of table) {
    const answer = await post(body, type)
    const problem = (await answer.json()) as Record<string, unknown>
    assert.deepEqual([answer.status, problem.code], [status, code], body.slice(0, 80))
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.equal(problem.requestId, answer.headers.get('x-request-id'))
    assert.equal(problem.status, status)
  }
  assert.equal((await post('{"name":"a","count":1}')).status, 201)
})

test('a wrong shape is named by its place', async () => {
  const problem = (await (await post('{"name":"a","count":"1"}')).json()) as { errors: { pointer: string }[] }
  assert.equal(problem.errors[0]?.pointer, '/body/count')
})

test('addresses and queries are text and are coerced; what does not fit is refused', async () => {
  assert.deepEqual(await (await send('/api/things?limit=3&tag=a')).json(), { limit: 3, tag: ['a'] })
  assert.deepEqual(await (await send('/api/things')).json(), { limit: 50 })
  assert.deepEqual(await (await send('/api/things/12')).json(), { thingId: 12 })
  for (const path of ['/api/things?limit=x', '/api/things?limit=201', '/api/things/x', '/api/things?limit=1&limit=2'])
    assert.equal((await send(path)).status, 400, path)
  assert.equal((await send('/api/things/%zz')).status, 400)
})

test('405 names the methods that the address takes; 404 is for addresses where nothing is (RFC 9110 15.5.5, 15.5.6)', async () => {
  const wrong = await send('/api/things/1', { method: 'DELETE' })
  assert.equal(wrong.status, 405)
  assert.equal(wrong.headers.get('allow'), 'GET, HEAD, PUT')
  assert.equal((await send('/api/nothing', { method: 'DELETE' })).status, 404)
})

test('HEAD answers as GET does, without the body (RFC 9110 9.3.2)', async () => {
  const head = await send('/api/things/1', { method: 'HEAD' })
  assert.equal(head.status, 200)
  assert.equal(await head.text(), '')
  assert.equal(head.headers.get('etag'), (await send('/api/things/1')).headers.get('etag'))
})

test('a change made on an old revision is refused; a reader who holds the newest is told so (RFC 9110 13.1)', async () => {
  const etag = (await send('/api/things/1')).headers.get('etag') as string
  const put = (ifMatch: string) =>
    send('/api/things/1', {
      method: 'PUT',
      json: { name: 'a', count: 1 },
      headers: { 'if-match': ifMatch, 'x-test-user': 'alice' },
    })
  assert.equal((await send('/api/things/1', { headers: { 'if-none-match': `"0", ${etag}` } })).status, 304)
  assert.equal((await put(etag)).status, 204)
  assert.equal((await put(etag)).status, 412)
  assert.equal((await put('nonsense')).status, 412)
  assert.equal((await send('/api/things/1', { headers: { 'if-none-match': etag } })).status, 200)
})

test('a stranger is told 401 before the body is read or judged (RFC 6750 3)', async () => {
  const answer = await send('/api/things/1', { method: 'PUT', json: { nonsense: true } })
  assert.equal(answer.status, 401)
  assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
})

test('a request id is taken when it is sane, made when not, and stands in answer and log', async () => {
  const given = await send('/api/things/x', { headers: { 'x-request-id': 'trace-42' } })
  assert.equal(given.headers.get('x-request-id'), 'trace-42')
  assert.ok(shell.lines.some((line) => JSON.parse(line).requestId === 'trace-42'))
  for (const bad of ['a b', 'x'.repeat(129), '"'])
    assert.match(
      (await send('/api/things', { headers: { 'x-request-id': bad } })).headers.get('x-request-id')!,
      /^[\w-]{20}$/,
    )
})

test('every answer carries the security headers, errors and unknown addresses too', async () => {
  for (const path of ['/api/things', '/api/nothing', '/api/things/x']) {
    const { headers } = await send(path)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.equal(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'")
    assert.equal(headers.get('cache-control'), 'no-store')
  }
})

test('a planted secret is never found in the log, nor in an answer, wherever it was planted', async () => {
  const secret = canary()
  shell.lines.length = 0
  const headers = { authorization: `Bearer ${secret}`, cookie: `s=${secret}`, 'x-test-user': 'alice' }
  const answers = [
    await send('/api/break', { json: { how: 'driver', secret }, headers }),
    await send('/api/break', { json: { how: 'cause', secret }, headers }),
    await send('/api/break', { json: { how: 'log', secret }, headers }),
    await send('/api/things', { json: { name: secret, count: secret }, headers }),
    await send('/api/things', {
      method: 'POST',
      body: `${secret}`,
      headers: { ...headers, 'content-type': 'application/json' },
    }),
    await send('/api/things', { method: 'POST', body: secret, headers: { ...headers, 'content-type': 'text/plain' } }),
    await send(`/api/things?limit=${secret}`, { headers }),
    await send(`/api/${secret}`, { headers }),
  ]
  for (const answer of answers) assert.equal((await answer.text()).includes(secret), false)
  assert.ok(shell.lines.length >= answers.length)
  assert.equal(
    shell.lines.find((line) => line.includes(secret)),
    undefined,
  )
})

test('healthz and readyz answer without an identity', async () => {
  assert.deepEqual(await (await send('/healthz')).json(), { status: 'ok' })
  assert.deepEqual(await (await send('/readyz')).json(), { status: 'ready' })
})
