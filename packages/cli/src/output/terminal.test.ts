// Long work before a person's eyes: the commands run on a pseudo-terminal that util-linux's `script` makes.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startChildServer } from '../../../../bench/support/child-server.ts'

const launcher = fileURLToPath(new URL('../../bin/gatehouse.mjs', import.meta.url))
const acme = fileURLToPath(new URL('../../../../examples/acme', import.meta.url))
const linux = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
const skip = linux ? false : 'there is no `script` of util-linux here, which makes the pseudo-terminal'

/** Everything that the command shows on a terminal, its control sequences included. */
async function onTerminal(args: string[], environment: Record<string, string>): Promise<string> {
  const command = [process.execPath, launcher, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', TERM: 'xterm', ...environment },
  })
  let shown = ''
  child.stdout.on('data', (chunk) => {
    shown += chunk
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  assert.equal(code, 0, shown)
  return shown
}

test('backup, audit verify and audit export draw a bar on a terminal, and none where nobody watches', {
  skip,
}, async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-terminal-'))
  const data = join(home, 'data')
  const server = await startChildServer({ data })
  t.after(async () => {
    await server.stop()
    rmSync(home, { recursive: true, force: true })
  })
  const environment = { GATEHOUSE_DATA: data, GATEHOUSE_BACKUP_PASSPHRASE: 'copper lantern walrus orbit' }
  const bar = (label: string) => new RegExp(`${label} .*[█░]+ .* of `)
  const rows: [string[], RegExp][] = [
    [['backup', join(home, 'all.backup')], bar('Backup')],
    [['audit', 'verify'], bar('Verifying')],
    [['audit', 'export', join(home, 'log')], bar('Exporting')],
  ]
  for (const [args, expected] of rows) {
    const shown = await onTerminal(args, environment)
    assert.match(shown, expected)
    // The bar is wiped; what stays is the sentence that says what was done.
    assert.ok(shown.includes('\u001b[J') || shown.includes('\u001b[0K'), JSON.stringify(shown))
  }
  const quiet = spawnSync(process.execPath, [launcher, 'audit', 'verify'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', ...environment },
  })
  assert.equal(quiet.status, 0, quiet.stderr)
  assert.equal(quiet.stderr, '')
})

test('a request that takes long says for how long the server has been at work', { skip }, async (t) => {
  const plan = { changes: [], fingerprint: 'none' }
  const slow = createServer((request, response) => {
    request.resume().once('end', () => {
      setTimeout(() => response.setHeader('content-type', 'application/json').end(JSON.stringify(plan)), 1_500)
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => slow.once('listening', resolve))
  t.after(() => slow.close())
  const { port } = slow.address() as { port: number }
  const shown = await onTerminal(['diff', acme, '--url', `http://127.0.0.1:${port}`, '--token', 'any'], {})
  assert.match(shown, /Comparing… 1 s/)
})
