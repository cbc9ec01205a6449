// Writes docs/permission-matrix.md from the operations of a server started for it and the built-in bundle.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeMatrix } from '../packages/server/test/coverage/matrix.ts'
import { startTestServer } from '../packages/server/test/support/server.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-matrix-'))
const address = { engine: 'sqlite', file: join(directory, 'gatehouse.db') } as const
const server = await startTestServer({ address, directory, remove: async () => undefined })
writeFileSync(fileURLToPath(new URL('../docs/permission-matrix.md', import.meta.url)), makeMatrix(server))
await server.close()
rmSync(directory, { recursive: true })
