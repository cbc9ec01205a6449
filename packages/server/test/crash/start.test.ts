import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startChildServer } from '../../../../bench/support/child-server.ts'
import { scratchDatabase } from '../support/engines.ts'
import { freePort } from '../support/ports.ts'

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Starts the program, which must not start, and returns what it said. */
async function refused(
  data: string,
  environment: Record<string, string>,
): Promise<{ code: number | null; said: string }> {
  const port = await freePort()
  const child = spawn(process.execPath, [program], {
    cwd: data,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
      GATEHOUSE_DATA: data,
      GATEHOUSE_LISTEN: `127.0.0.1:${port}`,
      ...environment,
    },
  })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const stuck = setTimeout(() => child.kill('SIGKILL'), 60_000)
  const [code] = await once(child, 'close')
  clearTimeout(stuck)
  return { code, said }
}

test('what keeps Gatehouse from starting is told in one line, with exit code 1 and no stack', async (t) => {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  const data = scratch.directory
  const database = join(data, 'gatehouse.db')
  const running = await startChildServer({ data })
  const expect = async (environment: Record<string, string>, says: RegExp) => {
    const { code, said } = await refused(data, environment)
    assert.equal(code, 1, said)
    assert.match(said, says)
    assert.doesNotMatch(said, /^\s+at /m)
    assert.equal(said.split('\n').filter((line) => line.includes('cannot start')).length, 1)
  }
  await expect({}, /Another server uses .*: stop it first/)
  await running.stop()

  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  await expect({ GATEHOUSE_LISTEN: `127.0.0.1:${port}` }, /The address of GATEHOUSE_LISTEN is in use/)
  await expect({ GATEHOUSE_METRICS_LISTEN: `127.0.0.1:${port}` }, /in use/)
  other.close()

  writeFileSync(join(data, 'gatehouse.yaml'), 'url: http://localhost:1\nnonsense: 1\n')
  writeFileSync(join(data, 'wrong.key'), `${Buffer.alloc(32, 1).toString('base64url')}\n`)
  await Promise.all([
    expect({ GATEHOUSE_URL: 'http://id.example.com' }, /GATEHOUSE_URL .* must be https/),
    expect({ GATEHOUSE_PORT: '1' }, /GATEHOUSE_PORT is not a setting/),
    expect({ GATEHOUSE_CONFIG: 'gatehouse.yaml' }, /gatehouse.yaml:2: unknown setting "nonsense"/),
  ])
  await expect({ GATEHOUSE_DATABASE: 'postgres://127.0.0.1:1/none' }, /The database does not answer/)
  const elsewhere = join(data, 'elsewhere.key')
  await expect({ GATEHOUSE_ROOT_KEY_FILE: elsewhere }, /elsewhere.key does not exist, but the database is sealed/)
  const wrong = join(data, 'wrong.key')
  await expect({ GATEHOUSE_ROOT_KEY_FILE: wrong }, /The database is sealed under root key [0-9a-f]{16}/)
  new DatabaseSync(database).exec("insert into migrations (id, applied_at) values ('9999_future', 1)")
  await expect({}, /was written by a newer version of Gatehouse/)
  new DatabaseSync(database).exec("delete from migrations where id = '9999_future'")

  // Nothing of all this has harmed it.
  const again = await startChildServer({ data })
  await again.stop()
  assert.match(again.output(), /listens on/)
})

test('SIGTERM ends the server with exit code 0 and leaves no lock', async (t) => {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  for (let turn = 0; turn < 2; turn++) {
    const server = await startChildServer({ data: scratch.directory })
    const began = performance.now()
    await server.stop('SIGTERM')
    assert.ok(performance.now() - began < 9_000, 'nothing was waited out')
  }
})
