import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { importJWK, jwtVerify } from 'jose'
import { Client } from './client/client.ts'
import { findCredential } from './client/credential.ts'
import { nodeArguments } from './commands/server-process.ts'
import { exits, Failure } from './failure.ts'

const launcher = fileURLToPath(new URL('../bin/gatehouse.mjs', import.meta.url))
const run = (args: string[], environment: Record<string, string> = {}, node = process.execPath) =>
  spawnSync(node, [launcher, ...args], { encoding: 'utf8', env: { PATH: process.env.PATH ?? '', ...environment } })

function writeBootstrap(t: { after(fn: () => void): void }, url: string) {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
  t.after(() => rmSync(data, { recursive: true }))
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const file = join(data, 'bootstrap.json')
  writeFileSync(file, JSON.stringify({ url, key: privateKey.export({ format: 'jwk' }) }), { mode: 0o600 })
  return { data, file, publicKey: publicKey.export({ format: 'jwk' }) }
}

test('wrong usage ends with 2 and says what the command takes', () => {
  for (const args of [['nonsense'], ['whoami', '--nonsense'], ['completion'], ['completion', 'tcsh']]) {
    const done = run(args)
    assert.equal(done.status, exits.usage, args.join(' '))
    assert.match(done.stderr, /error: .+/)
    assert.equal(done.stdout, '')
  }
  assert.equal(run(['--help']).status, exits.ok)
})

test('without a local server and without a token the command ends with 5 and says what to do', () => {
  const done = run(['whoami', '--data', '/nonexistent'])
  assert.equal(done.status, exits.unreachable)
  assert.match(done.stderr, /gatehouse serve/)
})

test('an address where nothing listens ends with 5, as JSON with --json', async () => {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  const done = run(['whoami', '--json', '--url', `http://127.0.0.1:${port}`], { GATEHOUSE_TOKEN: 'token' })
  assert.equal(done.status, exits.unreachable)
  assert.equal(JSON.parse(done.stderr).error.detail, 'nothing listens there')
})

test('the launcher runs under a Node that strips no types, by the one npm installed', (t) => {
  const old = '/usr/bin/node'
  const version = existsSync(old) ? spawnSync(old, ['--version'], { encoding: 'utf8' }).stdout.trim() : undefined
  if (version === undefined || Number(version.slice(1).split('.')[0]) >= 24) {
    t.diagnostic(`no older Node at ${old} here: only the pinned one was tried`)
    assert.equal(run(['--version']).status, 0)
    return
  }
  const done = run(['--version'], {}, old)
  assert.equal(done.status, 0, done.stderr)
  assert.match(done.stdout, /^\d+\.\d+\.\d+\n$/)
  assert.equal(run(['nonsense'], {}, old).status, exits.usage)
})

test('bootstrap: each request carries a fresh assertion for this server, good for at most 60 s', async (t) => {
  const { data, publicKey } = writeBootstrap(t, 'http://localhost:8080')
  const credential = findCredential({ data })
  assert.equal(credential.url, 'http://localhost:8080')
  const [scheme, jwt = ''] = (await credential.authorization()).split(' ')
  assert.equal(scheme, 'Gatehouse-Bootstrap')
  const key = await importJWK(publicKey, 'ES256')
  const verified = await jwtVerify(jwt, key, { audience: 'http://localhost:8080', typ: 'gatehouse-bootstrap+jwt' })
  assert.ok((verified.payload.exp ?? 0) - (verified.payload.iat ?? 0) <= 60)
  const [, second = ''] = (await credential.authorization()).split(' ')
  assert.notEqual((await jwtVerify(second, key)).payload.jti, verified.payload.jti)
})

test('bootstrap: a file that others can read is refused, not used', (t) => {
  const { data, file } = writeBootstrap(t, 'http://localhost:8080')
  chmodSync(file, 0o640)
  assert.throws(
    () => findCredential({ data }),
    (error) => error instanceof Failure && error.exit === exits.denied,
  )
})

test('client: lists follow the cursor to the end, changes carry an idempotency key, redirects are refused', async (t) => {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    const url = new URL(request.url ?? '/', 'http://localhost')
    response.setHeader('content-type', 'application/json')
    if (url.pathname === '/moved') response.writeHead(302, { location: 'https://elsewhere.example/' }).end()
    else if (url.searchParams.get('cursor') === 'b') response.end(JSON.stringify({ items: [3] }))
    else response.end(JSON.stringify({ items: [1, 2], next: 'b' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const client = new Client(findCredential({ url: `http://127.0.0.1:${port}`, token: 't', data: '/nonexistent' }))
  const listed: unknown[] = []
  for await (const item of client.list('/things', { state: 'active' })) listed.push(item)
  assert.deepEqual(listed, [1, 2, 3])
  assert.equal(seen[1]?.url, '/things?state=active&limit=200&cursor=b')
  await client.post('/things', {})
  assert.match(String(seen[2]?.headers['idempotency-key']), /^[\w-]{36}$/)
  assert.equal(seen[2]?.headers.authorization, 'Bearer t')
  await assert.rejects(client.get('/moved'), Failure)
})

test('serve gives Node.js what the start script gives it', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  const words: string[] = scripts.start.split(' ')
  assert.deepEqual(words.slice(words.indexOf('node') + 1, -1), nodeArguments)
})
