import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { addUser } from '#directory'
import type { Actor } from '#kernel'
import { systemClock, systemEntropy } from '#kernel'
import type { Operation } from '#web'
import { loadBuiltin } from '../../src/authorization/builtin/builtin.ts'
import { type Scratch, scratchDatabase } from '../support/engines.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { makeMatrix } from './matrix.ts'
import { whyUndecided } from './protocol-routes.ts'
import { sampleOf } from './sample.ts'

let scratch: Scratch
let server: TestServer
let nobody: Actor

before(async () => {
  scratch = await scratchDatabase('sqlite')
  server = await startTestServer(scratch)
  const home = await server.storage.db.selectFrom('organizations').select('id').executeTakeFirstOrThrow()
  const act = { actor: { type: 'system', name: 'test' }, requestId: 'test' } as const
  const deps = { clock: systemClock, entropy: systemEntropy }
  const { value: user, at } = await server.storage.write((tx) =>
    addUser(tx, deps, act, home.id as never, { username: 'nobody', email: 'nobody@example.com' }),
  )
  await server.authorization.snapshot.waitFor(at, 5_000)
  nobody = { type: 'user', id: user.id, organizationId: user.organizationId, name: 'nobody' }
  server.web.identifyBy(async (request) =>
    request.headers['x-test-nobody'] === 'yes' ? { actor: nobody, via: 'bearer' } : undefined,
  )
})

after(async () => {
  await server.close()
  await scratch.remove()
})

test('every route is an operation, or is listed with the reason why no role decides about it', () => {
  const operations = new Set(server.web.operations.map(({ method, url }) => `${method} ${url}`))
  const missing = server.web.routes.filter(
    ({ method, url }) => !operations.has(`${method} ${url}`) && whyUndecided(url) === undefined,
  )
  assert.deepEqual(missing, [], 'make it an operation, or list it in test/coverage/protocol-routes.ts')
})

test('every operation that asks for an action asks for one of the built-in bundle', () => {
  const { actions } = loadBuiltin()
  for (const { id, access } of server.web.operations)
    if (access.kind === 'action') assert.ok(actions.has(access.action), `${id} asks for ${access.action}`)
})

test('docs/permission-matrix.md is what the server does: node tools/permission-matrix.ts writes it anew', () => {
  const file = fileURLToPath(new URL('../../../../docs/permission-matrix.md', import.meta.url))
  assert.equal(readFileSync(file, 'utf8'), makeMatrix(server))
})

const files = { 'home.yaml': 'organization: home\ngroups:\n  staff: {}\n' }
/** Bodies that no schema alone makes. */
const bodies: Record<string, object> = {
  'configuration.plan': { files },
  'configuration.apply': { files, fingerprint: 'a'.repeat(64) },
}

/** A well-formed request about nothing that exists. */
function call({ id, method, url, schemas }: Operation, headers: Record<string, string>) {
  const params = sampleOf(schemas.params) as Record<string, string>
  const query = sampleOf(schemas.query) as Record<string, string>
  const path = url.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? 'a'))
  return server.web.app.inject({
    method,
    url: path,
    query,
    headers: { ...headers, ...(schemas.body && { 'content-type': 'application/json' }) },
    ...(schemas.body && { payload: JSON.stringify(bodies[id] ?? sampleOf(schemas.body)) }),
  })
}

test('every operation of an action answers 401 to nobody, and 403 or 404 to somebody without a role', async () => {
  const wrong: string[] = []
  for (const operation of server.web.operations) {
    if (operation.access.kind !== 'action') continue
    const anonymous = await call(operation, {})
    if (anonymous.statusCode !== 401)
      wrong.push(`${operation.id}: anonymous got ${anonymous.statusCode} ${anonymous.body}`)
    const somebody = await call(operation, { 'x-test-nobody': 'yes' })
    if (![403, 404].includes(somebody.statusCode))
      wrong.push(`${operation.id}: somebody got ${somebody.statusCode} ${somebody.body}`)
  }
  assert.deepEqual(wrong, [])
})

test('nothing that somebody without a role called has changed anything', async () => {
  const before = await server.storage.readMark()
  for (const operation of server.web.operations)
    if (operation.access.kind === 'action') await call(operation, { 'x-test-nobody': 'yes' })
  assert.equal((await server.storage.readMark()).position, before.position)
})
