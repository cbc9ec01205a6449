// A pipeline, a cloud and a machine: tokens without a stored secret, by a real server in a process of its own.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { decodeJwt, importJWK, SignJWT } from 'jose'
import { type ChildServer, startChildServer } from '../../../bench/support/child-server.ts'
import { gatehouse, gatehouseJson } from '../../../examples/story/command.ts'
import { githubClaims, OutsideIssuer } from '../../server/test/support/outside-issuer.ts'
import { findAssertion } from './commands/tokens/assertions.ts'
import { exits } from './failure.ts'

const home = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
const data = join(home, 'data')
let server: ChildServer
let issuer: OutsideIssuer
let machine: string
let app: string

before(async () => {
  issuer = await OutsideIssuer.open()
  server = await startChildServer({ data, environment: { GATEHOUSE_OUTGOING_ALLOW: '127.0.0.1' } })
  await gatehouse(data, 'user', 'invite', 'olga', '--email', 'olga@example.com')
  await gatehouse(data, 'user', 'activate', 'olga')
  machine = (await gatehouseJson<{ id: string }>(data, 'machine', 'create', 'deploy', '--owner', 'olga')).id
  app = (await gatehouseJson<{ id: string }>(data, 'app', 'create', 'cloud', '--kind', 'service')).id
})
after(async () => {
  await server.stop()
  await issuer.close()
  rmSync(home, { recursive: true, force: true })
})

test('a trust is added, listed, used by `gatehouse token exchange` without any secret, and taken away', async () => {
  const when = 'context.claims.repository == "acme/app"'
  const added = await gatehouse(
    data,
    'machine',
    'trust',
    'add',
    'deploy',
    'github',
    '--issuer',
    issuer.url,
    '--when',
    when,
  )
  assert.equal(added.code, exits.ok, added.stderr)
  const listed = await gatehouseJson<{ name: string; condition: string }[]>(data, 'machine', 'trust', 'list', 'deploy')
  assert.deepEqual(
    listed.map(({ name, condition }) => [name, condition]),
    [['github', when]],
  )
  const file = join(home, 'token')
  writeFileSync(file, await issuer.sign(githubClaims(server.url)))
  const exchange = (...more: string[]) =>
    gatehouse('/nonexistent', 'token', 'exchange', '--url', server.url, '--file', file, ...more)
  const got = await exchange('--audience', app)
  assert.equal(got.code, exits.ok, got.stderr)
  const claims = decodeJwt(got.stdout.trim())
  assert.deepEqual([claims.sub, claims.aud], [machine, app])
  const refused = await exchange('--client', 'machine_01h455vb4pex5vsknk084sn02q')
  assert.equal(refused.code, exits.denied)
  assert.match(refused.stderr, /nobody here trusts/)
  const wrong = await gatehouse(
    data,
    'machine',
    'trust',
    'add',
    'deploy',
    'all',
    '--issuer',
    issuer.url,
    '--when',
    'true',
  )
  assert.equal(wrong.code, exits.failed)
  assert.match(wrong.stderr, /context\.claims/)
  assert.equal((await gatehouse(data, 'machine', 'trust', 'remove', 'deploy', 'github')).code, exits.ok)
  assert.equal((await exchange()).code, exits.denied)
})

test("GitHub's token is asked for with the permission of the job, for this Gatehouse's address", async (t) => {
  const asked: string[] = []
  const github = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`)
    response.end('{"value":"a.b.c"}')
  })
  await new Promise<void>((resolve) => github.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => github.close(resolve)))
  const { port } = github.address() as AddressInfo
  const environment = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'job',
  }
  assert.equal(await findAssertion({ environment, audience: 'https://gatehouse.example' }), 'a.b.c')
  assert.deepEqual(asked, ['/token?api-version=2&audience=https%3A%2F%2Fgatehouse.example Bearer job'])
  await assert.rejects(findAssertion({ environment: {}, audience: 'x', from: 'github' }), /may not ask GitHub/)
})

test('what AWS, Google Cloud, Azure and Vault must be told names this issuer, the machine and the audience', async () => {
  const told: Record<string, RegExp[]> = {
    aws: [/"[^"]+:sub": "machine_/, /:aud": "app_/, /create-open-id-connect-provider/],
    gcp: [/assertion\.sub == 'machine_/, /--allowed-audiences=app_/],
    azure: [/"subject":"machine_/, /"audiences":\["app_/, /RS256/],
    vault: [/bound_subject=machine_/, /bound_audiences=app_/, /oidc_discovery_url=https:\/\/id\.acme\.example/],
  }
  for (const [where, shapes] of Object.entries(told)) {
    const done = await gatehouse(
      data,
      ...['trust', where, '--machine', 'deploy', '--app', 'cloud', '--issuer', 'https://id.acme.example'],
    )
    assert.equal(done.code, exits.ok, done.stderr)
    for (const shape of shapes) assert.match(done.stdout, shape, where)
    assert.ok(done.stdout.includes('id.acme.example'), where)
  }
})

test('`gatehouse api-key` makes a key that works as GATEHOUSE_TOKEN for what it is for, lists it, and ends it', async () => {
  const made = await gatehouseJson<{ key: { id: string }; secret: string }>(
    data,
    ...['api-key', 'create', 'inventory', '--owner', 'machine:deploy', '--gatehouse', '--scope', 'viewMachine'],
  )
  assert.match(made.secret, /^ghkey_[0-9A-Za-z]{49}$/)
  const asKey = (...words: string[]) =>
    gatehouse('/nonexistent', ...words, '--url', server.url, '--token', made.secret, '--json')
  const who = await asKey('whoami')
  assert.equal(who.code, exits.ok, who.stderr)
  assert.equal(JSON.parse(who.stdout).actor.id, machine)
  assert.equal((await asKey('user', 'list')).code, exits.denied)
  const listed = await gatehouseJson<{ name: string; state: string }[]>(data, 'api-key', 'list', '--live')
  assert.deepEqual(
    listed.map(({ name, state }) => [name, state]),
    [['inventory', 'active']],
  )
  assert.equal((await gatehouse(data, 'api-key', 'revoke', made.key.id)).code, exits.ok)
  assert.notEqual((await asKey('whoami')).code, exits.ok)
  const nowhere = await gatehouse(data, 'api-key', 'create', 'x', '--owner', 'machine:deploy')
  assert.equal(nowhere.code, exits.usage)
  const forApp = await gatehouse(data, 'api-key', 'create', 'x', '--owner', 'machine:deploy', '--app', 'cloud')
  assert.equal(forApp.code, exits.ok, forApp.stderr)
  assert.match(forApp.stdout, /ghkey_/)
})

test('`gatehouse machine key` makes a key pair whose private half stays here, rotates it, and reports what is stale', async () => {
  const file = join(home, 'deploy-key.json')
  await gatehouse(data, 'machine', 'create', 'signer', '--owner', 'olga')
  const added = await gatehouseJson<{ clientId: string; key: { kid: string } }>(
    data,
    ...['machine', 'key', 'add', 'signer', '--out', file],
  )
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const privateJwk = JSON.parse(readFileSync(file, 'utf8'))
  const tokenBy = async (jwk: Record<string, unknown>) => {
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(added.clientId)
      .setSubject(added.clientId)
      .setAudience(server.url)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(await importJWK(jwk, 'ES256'))
    const answer = await fetch(`${server.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    })
    return answer.status
  }
  assert.equal(await tokenBy(privateJwk), 200)
  const again = await gatehouse(data, 'machine', 'key', 'add', 'signer', '--out', file)
  assert.equal(again.code, exits.failed, 'nothing is overwritten')
  const rotated = await gatehouseJson<{ privateKey: Record<string, unknown> }>(
    data,
    ...['machine', 'key', 'rotate', 'signer', '--overlap', '1h', '--valid', '20d'],
  )
  assert.equal(await tokenBy(rotated.privateKey), 200)
  assert.equal(await tokenBy(privateJwk), 200, 'the former one, for an hour')
  const stale = await gatehouse(data, 'machine', 'key', 'list', '--stale', '--machine', 'signer')
  assert.equal(stale.code, exits.failed)
  assert.match(stale.stdout, /signer +key .* ends-soon/)
  assert.equal((await gatehouse(data, 'machine', 'key', 'revoke', 'signer', added.key.kid)).code, exits.ok)
  assert.equal(await tokenBy(privateJwk), 401)
  const secret = join(home, 'private.json')
  writeFileSync(secret, JSON.stringify(privateJwk))
  assert.equal((await gatehouse(data, 'machine', 'key', 'add', 'signer', '--jwk', secret)).code, exits.usage)
})

test('`gatehouse revoke` ends tokens of a machine by its name, and an API key by its text', async () => {
  const made = await gatehouseJson<{ secret: string }>(
    data,
    ...['api-key', 'create', 'leaked', '--owner', 'machine:deploy', '--gatehouse', '--scope', 'viewMachine'],
  )
  const done = await gatehouse(data, 'revoke', 'token', made.secret, '--reason', 'it was in a log')
  assert.equal(done.code, exits.ok, done.stderr)
  const who = await gatehouse('/nonexistent', 'whoami', '--url', server.url, '--token', made.secret)
  assert.notEqual(who.code, exits.ok)
  const all = await gatehouse(data, 'revoke', 'machine', 'deploy', '--reason', 'the same log')
  assert.equal(all.code, exits.ok, all.stderr)
  assert.equal((await gatehouse(data, 'revoke', 'token', 'x', '--reason', 'x')).code, exits.notFound)
  assert.equal((await gatehouse(data, 'revoke', 'user', 'olga')).code, exits.usage, 'a reason is needed')
})

test('contain prints what it touched and how long each took, and leaves a bundle of events with proofs', async () => {
  const file = join(home, 'evidence.json')
  const reason = 'its token was in a public log'
  const done = await gatehouse(data, 'contain', 'machine:deploy', '--reason', reason, '--for', '8h', '--evidence', file)
  assert.equal(done.code, exits.ok, done.stderr)
  for (const part of ['access', 'sessions', 'tokens', 'trusts', 'credentials', 'api-keys', 'grants'])
    assert.match(done.stdout, new RegExp(`${part} +\\d+ +[\\d.]+ ms`))
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const evidence = JSON.parse(readFileSync(file, 'utf8'))
  assert.equal(evidence.complete, true, JSON.stringify(evidence).slice(0, 2_000))
  const types = evidence.entries.map(({ event }: { event: { type: string } }) => event.type)
  assert.ok(
    types.includes('directory.machine_suspended') && types.includes('tokens.principal_contained'),
    String(types),
  )
  assert.ok(evidence.log.verifierKey)
  const state = await gatehouseJson<{ name: string; state: string }[]>(data, 'machine', 'list')
  assert.equal(state.find(({ name }) => name === 'deploy')?.state, 'suspended')
})
