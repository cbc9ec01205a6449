// Every command against a real server in a process of its own, as an operator uses it.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type ChildServer, startChildServer } from '../../../bench/support/child-server.ts'
import { gatehouse, gatehouseJson } from '../../../examples/story/command.ts'
import { exits } from './failure.ts'

const acme = fileURLToPath(new URL('../../../examples/acme', import.meta.url))
const launcher = fileURLToPath(new URL('../bin/gatehouse.mjs', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
const data = join(home, 'data')
let server: ChildServer

before(async () => {
  server = await startChildServer({ data })
})
after(async () => {
  await server.stop()
  rmSync(home, { recursive: true, force: true })
})

const json = <T>(...args: string[]) => gatehouseJson<T>(data, ...args)
interface Named {
  readonly id: string
  readonly name?: string
  readonly username?: string
  readonly state?: string
}

test('apply makes everything of the files, diff then finds nothing, export is read again without a difference', async () => {
  const planned = await json<{ changes: unknown[] }>('diff', acme)
  assert.ok(planned.changes.length > 20)
  assert.equal((await gatehouse(data, 'diff', acme, '--exit-code')).code, exits.failed)
  assert.equal((await gatehouse(data, 'apply', acme)).code, exits.ok)
  assert.equal((await gatehouse(data, 'diff', acme, '--exit-code')).code, exits.ok)
  const out = join(home, 'exported')
  await json('export', out, '--organization', 'acme')
  assert.ok(readdirSync(out).length > 0)
  assert.deepEqual((await json<{ changes: unknown[] }>('diff', out)).changes, [])
  assert.equal((await gatehouse(data, 'export', out)).code, exits.usage)
})

test('people: found by name, told apart by organization, moved by named transitions', async () => {
  const dana = await json<Named>('user', 'show', 'dana')
  assert.equal((await json<Named>('user', 'show', 'acme/dana')).id, dana.id)
  assert.equal((await json<Named>('user', 'suspend', 'acme/dana', '--reason', 'on leave')).state, 'suspended')
  assert.equal((await json<Named>('user', 'activate', dana.id)).state, 'active')
  const invited = await json<Named & { link: { url: string } }>('user', 'invite', 'dana', '--attribute', 'team=red')
  assert.match(invited.link.url, /\/invitation#\S{20,}$/)
  const ambiguous = await gatehouse(data, 'user', 'show', 'dana')
  assert.equal(ambiguous.code, exits.usage)
  assert.match(ambiguous.stderr, /more than one user dana/)
  const missing = await gatehouse(data, 'user', 'show', 'nobody')
  assert.equal(missing.code, exits.notFound)
  const listed = await json<Named[]>('user', 'list', '--organization', 'acme', '--prefix', 'd')
  assert.deepEqual(
    listed.map((user) => user.username),
    ['dana'],
  )
})

test('groups, machines and applications: create, members, secrets shown once', async () => {
  await json('group', 'create', 'readers', '--organization', 'acme')
  await json('group', 'add', 'acme/readers', 'user:acme/bob', 'machine:acme/archiver')
  const members = await json<Named[]>('group', 'show', 'acme/readers')
  assert.deepEqual(members.map((member) => member.name).sort(), ['archiver', 'bob'])
  await json('group', 'remove', 'acme/readers', 'user:acme/bob')
  assert.equal((await json<Named[]>('group', 'show', 'acme/readers')).length, 1)
  const made = await json<Named>('machine', 'create', 'indexer', '--owner', 'bob', '--organization', 'acme')
  const issued = await json<{ clientId: string; secret: string }>('machine', 'secret', 'acme/indexer')
  assert.equal(issued.clientId, made.id)
  const shown = await gatehouse(data, 'machine', 'list', '--json')
  assert.ok(!shown.stdout.includes(issued.secret))
  const route = 'GET /notes/:id read Note::"{id}"'
  await json('app', 'create', 'notes', '--origin', 'http://notes.localhost:9999', '--route', route)
  const app = await json<{ routes: unknown[] }>('app', 'show', 'notes')
  assert.deepEqual(app.routes, [{ method: 'GET', path: '/notes/:id', action: 'read', resource: 'Note::"{id}"' }])
})

test('decide: 0 allowed, 3 denied, and with --explain by which policy', async () => {
  const ask = (who: string, ...more: string[]) =>
    gatehouse(data, 'decide', `user:${who}`, 'read', 'document:budget', '--app', 'acme/documents', ...more)
  assert.equal((await ask('alice')).code, exits.ok)
  const denied = await ask('bob', '--explain')
  assert.equal(denied.code, exits.denied)
  assert.match(denied.stdout, /confidential-needs-clearance/)
  const { requestId } = JSON.parse((await ask('bob', '--json')).stdout) as { requestId: string }
  const kept = await json<{ outcome: string }[]>('decisions', '--request', requestId)
  assert.ok(kept.some((decision) => decision.outcome === 'deny_policy'))
})

test('grants and policies: granted, revoked, checked, pushed, rolled back', async () => {
  const grant = ['--app', 'acme/documents', '--role', 'editor', '--to', 'group:acme/staff', '--on', 'Folder:handbook']
  const made = await json<Named>('grant', 'create', ...grant, '--why', 'spring cleaning', '--until', '8h')
  const listed = await json<Named[]>('grant', 'list', '--app', 'acme/documents', '--role', 'editor')
  assert.deepEqual(
    listed.map(({ id }) => id),
    [made.id],
  )
  await json('grant', 'revoke', made.id)
  const bundle = join(acme, 'documents')
  const app = ['--app', 'acme/documents'] as const
  assert.equal((await json<{ valid: boolean }>('policy', 'validate', bundle, ...app)).valid, true)
  const wrong = await gatehouse(data, 'policy', 'validate', acme, ...app)
  assert.equal(wrong.code, exits.failed)
  await json('policy', 'push', bundle, ...app, '--comment', 'again')
  assert.ok((await json<unknown[]>('policy', 'history', ...app)).length >= 1)
})

test('events tail follows what happens, and a second one takes up where the first ended', async () => {
  const tail = (cursor?: string) => {
    const args = ['events', 'tail', '--type', 'directory.*', ...(cursor === undefined ? [] : ['--cursor', cursor])]
    const child = spawn(process.execPath, [launcher, ...args, '--data', data], { stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { out: '', err: '' }
    child.stdout.on('data', (chunk) => {
      said.out += chunk
    })
    child.stderr.on('data', (chunk) => {
      said.err += chunk
    })
    const shows = async (text: string) => {
      for (const until = performance.now() + 15_000; !said.out.includes(text); )
        await new Promise((resolve, reject) => {
          if (performance.now() > until) reject(new Error(`no ${text} in: ${said.out}${said.err}`))
          else setTimeout(resolve, 20)
        })
    }
    const end = async () => {
      const gone = new Promise<number | null>((resolve) => child.once('exit', resolve))
      child.kill('SIGINT')
      assert.equal(await gone, 0, said.err)
      return /--cursor (\S+)/.exec(said.err)?.[1] as string
    }
    return { shows, end, said }
  }
  const first = tail()
  // It begins with what comes: make something until it sees the first.
  let turn = 0
  while (!first.said.out.includes('group_created') && turn < 20) await json('group', 'create', `first-${turn++}`)
  await first.shows('first-')
  const cursor = await first.end()
  await json('group', 'create', 'between')
  const second = tail(cursor)
  await second.shows('between')
  await second.end()
})

test('operations: whoami, keys, doctor and the trail of a request answer', async () => {
  const me = await json<{ actor: { type: string } }>('whoami')
  assert.equal(me.actor.type, 'bootstrap')
  const before = (await json<{ items: unknown[] }>('key', 'list')) as unknown as { kid: string }[]
  await json('key', 'rotate')
  const rotated = (await json<unknown[]>('key', 'list')) as { kid: string }[]
  assert.ok(rotated.length > before.length)
  const doctor = await gatehouse(data, 'doctor', '--json')
  assert.ok(JSON.parse(doctor.stdout).findings.length > 0, doctor.stderr)
  const unknown = await gatehouse(data, 'events', '--request', 'never-was')
  assert.equal(unknown.code, exits.notFound)
})

test('backup while the server runs, restore elsewhere: the same people are there; a wrong passphrase restores nothing', async () => {
  const file = join(home, 'gatehouse.backup')
  const run = (args: string[], passphrase: string) =>
    spawnSync(process.execPath, [launcher, ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', GATEHOUSE_BACKUP_PASSPHRASE: passphrase },
    })
  assert.equal((await gatehouse(data, 'backup', file)).code, exits.usage)
  const made = run(['backup', file, '--include-root-key', '--data', data], 'a long enough phrase')
  assert.equal(made.status, exits.ok, made.stderr)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const elsewhere = join(home, 'elsewhere')
  assert.equal(run(['restore', file, '--data', elsewhere], 'another long phrase').status, exits.failed)
  const restored = run(['restore', file, '--data', elsewhere], 'a long enough phrase')
  assert.equal(restored.status, exits.ok, restored.stdout + restored.stderr)
  const second = await startChildServer({ data: elsewhere })
  try {
    const before = await json<Named[]>('user', 'list')
    const after = await gatehouseJson<Named[]>(elsewhere, 'user', 'list')
    assert.deepEqual(after, before)
  } finally {
    await second.stop()
  }
})

test('a token that is no good is refused with 3, and the reason stands in the answer', async () => {
  const child = spawn(process.execPath, [launcher, 'user', 'list', '--json', '--url', server.url], {
    env: { PATH: process.env.PATH ?? '', GATEHOUSE_TOKEN: 'nonsense' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let err = ''
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  assert.equal(await new Promise((resolve) => child.once('close', resolve)), exits.denied)
  assert.equal(JSON.parse(err).error.problem.status, 401)
})
