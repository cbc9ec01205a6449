import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { othersMayEnter } from '../support/others.ts'
import { freePort } from '../support/ports.ts'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
/** Where the test runs as root, `npm start` runs as somebody who owns nothing: neither the program nor what was installed. */
const entered = othersMayEnter(root)
const ordinary = process.getuid?.() === 0 && entered ? { uid: 65_534, gid: 65_534 } : {}
if (!entered) console.log('This checkout lies where other users may not enter: `npm start` is tried as its owner alone')

function makeHome(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-start-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  if (ordinary.uid !== undefined) chownSync(home, ordinary.uid, ordinary.gid)
  chmodSync(home, 0o700)
  return home
}

/** `npm start` in a process group of its own, as a terminal gives it one. */
async function npmStart(t: TestContext, home: string, port: number) {
  const child = spawn('npm', ['start'], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...ordinary,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      GATEHOUSE_DATA: join(home, 'data'),
      GATEHOUSE_LISTEN: `127.0.0.1:${port}`,
      GATEHOUSE_URL: `http://localhost:${port}`,
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk
    })
  const gone = once(child, 'close')
  const group = -(child.pid as number)
  t.after(() => {
    try {
      process.kill(group, 'SIGKILL')
    } catch {
      // It has ended already, as it should.
    }
  })
  const until = performance.now() + 60_000
  while (!output.includes('Gatehouse listens on')) {
    if (child.exitCode !== null || performance.now() > until) assert.fail(`npm start did not start:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { child, group, gone, output: () => output }
}

/** Nothing listens there any more: the server has not outlived npm. */
async function assertGone(port: number) {
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`))
}

test('npm start, as an ordinary user: listens, makes its data private, says where the set-up link is; a second start goes on', async (t) => {
  // `npm test` has installed everything before; without it, the ordinary user would have to install into root's directory.
  if (spawnSync('node', ['tools/prepare.mjs', '--check'], { cwd: root }).status !== 0)
    return t.skip('the dependencies were not installed by npm start or npm test')
  const home = makeHome(t)
  const port = await freePort()
  const data = join(home, 'data')
  const first = await npmStart(t, home, port)
  assert.match(
    first.output(),
    new RegExp(`listens on http://127\\.0\\.0\\.1:${port} and is known as http://localhost:${port}`),
  )
  const link = () => readFileSync(join(data, 'setup-link.txt'), 'utf8').trim()
  while (!first.output().includes('setup-link.txt')) await once(first.child.stdout, 'data')
  const before = link()
  assert.match(before, new RegExp(`^http://localhost:${port}/`))
  assert.equal((await fetch(`http://localhost:${port}/readyz`)).status, 200)
  for (const path of [data, join(data, 'gatehouse.db'), join(data, 'root.key'), join(data, 'setup-link.txt')])
    assert.equal(statSync(path).mode & 0o077, 0, path)
  const discovery = await (await fetch(`http://localhost:${port}/.well-known/openid-configuration`)).json()
  const keys = async () => (await fetch((discovery as { jwks_uri: string }).jwks_uri)).text()
  const keysBefore = await keys()

  // SIGTERM to npm alone, as a process manager sends it.
  first.child.kill('SIGTERM')
  await first.gone
  await assertGone(port)
  assert.ok(!readdirSync(data).includes('bootstrap.json'), 'the local credential ends with a graceful stop')

  const second = await npmStart(t, home, port)
  assert.equal(await keys(), keysBefore)
  // Ctrl-C, as a terminal sends it: to npm and to the server at once.
  process.kill(second.group, 'SIGINT')
  await second.gone
  await assertGone(port)
  assert.ok(!readdirSync(data).includes('bootstrap.json'))
  assert.doesNotMatch(second.output(), /Error|error/)
})
