// `--json` on every command there is, against a real server: what it prints is JSON and nothing else.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { startChildServer } from '../../../bench/support/child-server.ts'
import { exits } from './failure.ts'
import { buildProgram } from './program.ts'

const acme = fileURLToPath(new URL('../../../examples/acme', import.meta.url))
const bundle = join(acme, 'documents')
const signIn = join(acme, '../sign-in')
const launcher = fileURLToPath(new URL('../bin/gatehouse.mjs', import.meta.url))

/** Prints no answer, or is followed without an end; each is tried in a test of its own. */
const without = [
  'serve',
  'login',
  'logout',
  'revoke session',
  'revoke grant',
  'token',
  'pdp',
  'token exchange',
  'completion',
  'events tail',
  'restore',
  'alert acknowledge',
  'registration approve',
  'registration refuse',
]

/** Every other command, in an order in which each finds what it needs. Words in braces stand for what came before. */
function commands(home: string): string[][] {
  const app = ['--app', 'acme/documents']
  const org = ['--organization', 'acme']
  const grant = [
    '--role',
    'editor',
    '--to',
    'group:acme/staff',
    '--on',
    'Folder:handbook',
    '--why',
    'a test',
    '--until',
    '8h',
  ]
  return [
    ['whoami'],
    ['replicas'],
    ['compromise'],
    ['policy', 'changes'],
    ['diff', acme],
    ['apply', acme, '--yes'],
    ['export', join(home, 'exported'), ...org],
    ['organization', 'list'],
    ['organization', 'create', 'json'],
    ['organization', 'brand', 'json', '--colour', '#17605a', '--preview'],
    ['organization', 'brand', 'json', '--text', 'en.welcome=Hello', '--colour', '#17605a'],
    ['registration', 'list', '--organization', 'json'],
    ['organization', 'suspend', 'json'],
    ['organization', 'activate', 'json'],
    ['organization', 'delete', 'json'],
    ['user', 'list'],
    ['user', 'invite', 'json', ...org],
    ['user', 'link', 'acme/json'],
    ['user', 'show', 'acme/json'],
    ['user', 'activate', 'acme/json'],
    ['user', 'suspend', 'acme/json'],
    ['user', 'deactivate', 'acme/json'],
    ['user', 'delete', 'acme/json'],
    ['group', 'list'],
    ['group', 'create', 'json', ...org],
    ['group', 'add', 'acme/json', 'user:acme/bob'],
    ['group', 'show', 'acme/json'],
    ['group', 'remove', 'acme/json', 'user:acme/bob'],
    ['group', 'delete', 'acme/json'],
    ['provider', 'list'],
    ['provider', 'create', 'json', '--issuer', 'https://idp.invalid', '--client-id', 'us', ...org],
    ['provider', 'show', 'acme/json'],
    ['provider', 'update', 'acme/json', '--title', 'Corp', '--domains', 'corp.example'],
    ['provider', 'set-secret', 'acme/json', '--file', join(home, 'secret')],
    ['provider', 'check', 'acme/json'],
    ['provider', 'suspend', 'acme/json'],
    ['provider', 'activate', 'acme/json'],
    ['provider', 'delete', 'acme/json'],
    ['machine', 'list'],
    ['machine', 'create', 'json', '--owner', 'bob', ...org],
    ['machine', 'secret', 'acme/json'],
    [
      'machine',
      'trust',
      'add',
      'acme/json',
      'ci',
      '--kind',
      'github',
      '--when',
      'context.claims.repository == "acme/app"',
    ],
    ['machine', 'trust', 'list', 'acme/json'],
    ...['aws', 'gcp', 'azure', 'vault'].map((other) => ['trust', other, '--machine', 'acme/json', ...app]),
    ['machine', 'trust', 'remove', 'acme/json', 'ci'],
    ['machine', 'key', 'add', 'acme/json', '--replace-secrets'],
    ['machine', 'key', 'rotate', 'acme/json'],
    ['machine', 'key', 'list'],
    ['machine', 'key', 'revoke', 'acme/json', '--', '{kid}'],
    ['api-key', 'create', 'json', '--owner', 'machine:acme/json', ...app],
    ['api-key', 'list'],
    ['revoke', 'token', '{apiKey}', '--reason', 'a test'],
    ['api-key', 'create', 'json', '--owner', 'machine:acme/json', ...app],
    ['api-key', 'revoke', '{keyId}'],
    ['revoke', 'application', 'acme/documents', '--reason', 'a test'],
    ['revoke', 'machine', 'acme/json', '--reason', 'a test'],
    ['revoke', 'user', 'acme/bob', '--reason', 'a test'],
    ['revoke', 'organization', 'acme', '--reason', 'a test'],
    [
      'contain',
      'machine:acme/json',
      '--only',
      'tokens',
      '--reason',
      'a test',
      '--evidence',
      join(home, 'evidence.json'),
    ],
    ['machine', 'suspend', 'acme/json'],
    ['machine', 'activate', 'acme/json'],
    ['machine', 'deactivate', 'acme/json'],
    ['machine', 'delete', 'acme/json'],
    ['app', 'list'],
    ['app', 'create', 'json', ...org],
    ['app', 'show', 'acme/json'],
    ['app', 'lint', 'acme/json'],
    ['app', 'secret', 'acme/json'],
    ['app', 'suspend', 'acme/json'],
    ['app', 'activate', 'acme/json'],
    ['app', 'delete', 'acme/json'],
    ['grant', 'create', ...app, ...grant],
    ['grant', 'list', ...app, '--role', 'editor'],
    ['grant', 'revoke', '{grant}'],
    ['policy', 'validate', bundle, ...app],
    ['policy', 'push', join(home, 'bundle'), ...app],
    ['policy', 'show', ...app],
    ['policy', 'history', ...app],
    ['policy', 'rollback', ...app],
    ['sign-in-policy', 'validate', signIn, ...org],
    ['sign-in-policy', 'push', signIn, ...org],
    ['sign-in-policy', 'push', join(home, 'sign-in'), ...org, '--comment', 'again'],
    ['sign-in-policy', 'show', ...org],
    ['sign-in-policy', 'history', ...org],
    ['sign-in-policy', 'rollback', ...org],
    ['decide', 'user:alice', 'read', 'document:welcome', ...app],
    ['decisions', '--limit', '3'],
    ['events', '--limit', '3'],
    ['federation'],
    ['key', 'list'],
    ['key', 'rotate'],
    ['key', 'rotate', '--emergency'],
    ['backup', join(home, 'all.backup')],
    ['doctor'],
    ['slo'],
    ['alert', 'list', '--open'],
    ['alert', 'silence', '--objective', 'clock', '--for', '1h', '--why', 'a test'],
    ['alert', 'unsilence', '{silence}'],
    ['observability', 'export', join(home, 'monitoring')],
    ['audit', 'checkpoint'],
    ['audit', 'show', '1'],
    ['audit', 'proof', '1'],
    ['audit', 'export', join(home, 'log')],
    ['audit', 'verify'],
    ['audit', 'erase', '{user}', '--yes'],
    ['audit', 'retention', 'set', '--keep-days', '3650', '--archive-days', '365'],
    ['audit', 'retention', 'minimum', '30'],
    ['audit', 'retention', 'list'],
    ['audit', 'hold', 'place', '--organization', 'acme', '--until', '2020-01-01', '--reason', 'a test'],
    ['audit', 'hold', 'list'],
    ['audit', 'hold', 'release', '{hold}', '--reason', 'over'],
    ['audit', 'sweep', '--yes'],
    ['audit', 'sinks'],
    ['audit', 'search', '--action', 'directory.*', '--limit', '3'],
    ['audit', 'replay', 'disk', '--after', '0'],
  ]
}

function leaves(command: Command, path: string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(' ')]
  const own = command.registeredArguments.length > 0 || hasAction(command) ? [path.join(' ')] : []
  return [...own, ...command.commands.flatMap((child) => leaves(child, [...path, child.name()]))]
}
const hasAction = (command: Command) => (command as unknown as { _actionHandler: unknown })._actionHandler !== null

/** Runs a command in this process; what it prints is kept from the test's own output. */
async function printed(args: readonly string[]): Promise<{ out: string; error: unknown }> {
  const write = process.stdout.write
  let out = ''
  process.stdout.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
    if (typeof chunk !== 'string') return write.call(process.stdout, chunk, ...rest)
    out += chunk
    return true
  }) as typeof write
  try {
    await buildProgram({ quiet: true }).parseAsync(args, { from: 'user' })
    return { out, error: undefined }
  } catch (error) {
    return { out, error }
  } finally {
    process.stdout.write = write
  }
}

test('--json: every command answers in JSON and nothing else', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-json-'))
  const data = join(home, 'data')
  cpSync(bundle, join(home, 'bundle'), { recursive: true })
  cpSync(signIn, join(home, 'sign-in'), { recursive: true })
  writeFileSync(join(home, 'sign-in/note.md'), 'another')
  appendFileSync(join(home, 'bundle', 'policies.cedar'), '// changed\n')
  const sinks = join(home, 'sinks.yaml')
  writeFileSync(join(home, 'secret'), 'a-secret-there')
  writeFileSync(sinks, 'sinks: [{name: disk, kind: file, path: audit.ndjson}]\n')
  const server = await startChildServer({ data, environment: { GATEHOUSE_AUDIT_SINK_FILE: sinks } })
  process.env.GATEHOUSE_BACKUP_PASSPHRASE = 'copper lantern walrus orbit'
  t.after(async () => {
    await server.stop()
    rmSync(home, { recursive: true, force: true })
    process.exitCode = 0
  })
  const list = commands(home)
  const named = (path: string) =>
    without.includes(path) || list.some((args) => `${args.join(' ')} `.startsWith(`${path} `))
  assert.deepEqual(
    leaves(buildProgram()).filter((path) => path !== '' && !named(path)),
    [],
  )
  const made = new Map<string, string>()
  for (const args of list) {
    const given = args.map((arg) => arg.replace(/^\{(\w+)\}$/, (_, name) => made.get(name) ?? ''))
    const common = ['--json', '--data', data]
    // What comes after two dashes is no option, whatever it begins with.
    const { out, error } = await printed(args.includes('--') ? [...common, ...given] : [...given, ...common])
    assert.equal(error, undefined, `${args.join(' ')}: ${String(error)}`)
    let answer: unknown
    assert.doesNotThrow(
      () => {
        answer = JSON.parse(out)
      },
      `${args.join(' ')} printed: ${out}`,
    )
    if (args.join(' ').startsWith('machine key add')) made.set('kid', (answer as { key: { kid: string } }).key.kid)
    if (args.join(' ').startsWith('api-key create')) {
      const { key, secret } = answer as { key: { id: string }; secret: string }
      made.set('keyId', key.id).set('apiKey', secret)
    }
    if (args[1] === 'show' && args[0] === 'user') made.set('user', (answer as { id: string }).id)
    if (args[2] === 'place') made.set('hold', (answer as { id: string }).id)
    if (['create', 'silence'].includes(args[1] ?? ''))
      made.set(args[1] === 'silence' ? 'silence' : (args[0] as string), (answer as { id: string }).id)
  }
})

test('--json: wrong usage is told in JSON too', () => {
  for (const args of [['nonsense'], ['user', 'list', '--nonsense'], ['user', 'show'], ['user']]) {
    const done = spawnSync(process.execPath, [launcher, ...args, '--json'], { encoding: 'utf8' })
    assert.equal(done.status, exits.usage, args.join(' '))
    assert.equal(JSON.parse(done.stderr).error.exit, exits.usage, done.stderr)
    assert.equal(done.stdout, '')
  }
})
