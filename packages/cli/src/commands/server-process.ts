import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Failure } from '../failure.ts'

/** What `npm start` gives Node.js too: a young generation for load, and the collector, which the server calls once after its start. */
export const nodeArguments: readonly string[] = ['--expose-gc', '--max-semi-space-size=16']

/**
 * Runs a program of the server, which is never imported here, and waits for its end. Signals reach it: a terminal's by
 * themselves, SIGTERM passed on.
 * @param environment added to this process's, without what is this command's own
 * @returns its exit code
 */
export async function runServerProgram(
  file: 'main.ts' | 'restore.ts',
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const program = fileURLToPath(new URL(`../../../server/src/${file}`, import.meta.url))
  if (!existsSync(program)) throw new Failure('The server is not installed beside this command')
  // These are this command's own; the server refuses settings that it does not know.
  const {
    GATEHOUSE_TOKEN: _token,
    GATEHOUSE_BACKUP_PASSPHRASE: _phrase,
    GATEHOUSE_BACKUP_KEY: _key,
    ...rest
  } = process.env
  const compiled = fileURLToPath(new URL('../../../../node_modules/.cache/node-compile', import.meta.url))
  const child = spawn(process.execPath, [...nodeArguments, program, ...args], {
    stdio: 'inherit',
    // Fewer arenas of malloc: 4 MB less.
    env: { NODE_COMPILE_CACHE: compiled, MALLOC_ARENA_MAX: '2', ...rest, ...environment },
  })
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0)))
  })
}
