import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface OwnPostgres {
  readonly url: string
  /** Stops it (connections are cut) and starts it again on the same data and port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Starts a real PostgreSQL server of this process's own (see `postgres-process.ts`). */
export async function startPostgres(): Promise<OwnPostgres> {
  const script = fileURLToPath(new URL('postgres-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (line) => resolve(String(line).trim()))
    ended.then((code) => reject(new Error(`PostgreSQL did not start (exit ${code})`)))
  })
  return {
    url,
    restart: () =>
      new Promise((resolve) => {
        child.stdout.once('data', () => resolve())
        child.stdin.write('restart\n')
      }),
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}
