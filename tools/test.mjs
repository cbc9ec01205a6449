// `npm test`: the static rules, then every test. Arguments narrow the tests: `npm test -- directory` runs matching files.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chmodSync, constants, globSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { availableParallelism, freemem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { shareProcesses } from './test-processes.mjs'

const wanted = process.argv.slice(2)
if (wanted.length === 0) {
  const checked = spawnSync('node', ['tools/check.mjs'], { stdio: 'inherit' })
  if (checked.status !== 0) process.exit(1)
}
const files = globSync('{packages,bench,tools,examples}/**/*.test.ts', {
  exclude: (name) => name.includes('node_modules'),
})
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
  .sort()
if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(' ')}`)
  process.exit(1)
}
// Hundreds of databases are made and thrown away: in memory where there is room, which halves what a run costs.
const scratch = roomInMemory() ? mkdtempSync('/dev/shm/gatehouse-tests-') : undefined
if (scratch !== undefined) {
  chmodSync(scratch, 0o755) // PostgreSQL runs as another user when this is root
  process.env.TMPDIR = scratch
}
// One PostgreSQL for all files; each test makes a database of its own in it.
const postgres = spawn('node', ['packages/server/test/support/postgres-process.ts'], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
const url = await new Promise((resolve, reject) => {
  postgres.stdout.once('data', (line) => resolve(String(line).trim()))
  postgres.once('exit', (code) => reject(new Error(`PostgreSQL did not start (exit ${code})`)))
})
process.env.NODE_ENV = 'test'
process.env.GATEHOUSE_TEST_POSTGRES = url
// Compiled once, not once a process.
process.env.NODE_COMPILE_CACHE = join(import.meta.dirname, '..', 'node_modules', '.cache', 'node-compile')
const loaders = mkdtempSync(join(tmpdir(), 'gatehouse-test-groups-'))
const cores = availableParallelism()
const tests = run({
  files: shareProcesses(files, cores, loaders),
  // One more than there are cores, for many tests wait for clocks, browsers and processes that they killed.
  concurrency: cores + 1,
  // A failed test may leave a server open: its process is ended by the limit, and counts as failed.
  timeout: 240_000,
})
let code = 1
tests.on('test:summary', (summary) => {
  if (summary.file === undefined) code = summary.success ? 0 : 1
})
const told = tests.compose(spec())
told.pipe(process.stdout)
await once(told, 'end')
postgres.removeAllListeners('exit')
postgres.stdin.end()
await new Promise((resolve) => postgres.once('exit', resolve))
rmSync(loaders, { recursive: true, force: true })
if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true })
process.exitCode = code

function roomInMemory() {
  try {
    accessSync('/dev/shm', constants.W_OK)
    const { bavail, bsize } = statfsSync('/dev/shm')
    return bavail * bsize > 3 * 1024 ** 3 && freemem() > 3 * 1024 ** 3
  } catch {
    return false // not Linux, or none for us
  }
}
