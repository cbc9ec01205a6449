import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A real Gatehouse in a process of its own. */
export interface ChildServer {
  readonly url: string
  readonly pid: number
  readonly data: string
  /** From the start of the process to the first 200 of `/readyz`, in milliseconds. */
  readonly readyAfterMs: number
  /** What it has printed so far, both streams. */
  output(): string
  /** Resident memory in bytes, as the system counts it. */
  residentBytes(): number
  /** Ends it with `signal` (default SIGTERM) and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

export interface ChildServerOptions {
  readonly data: string
  /** Default: one that is free. */
  readonly port?: number
  readonly environment?: Readonly<Record<string, string>>
  /** Another program than the server's own, from the root of the repository. */
  readonly program?: string
  /** Default 60,000: a machine under load is slow, not broken. */
  readonly readyWithinMs?: number
}

/**
 * Starts the server as `npm start` does and waits until it is ready.
 * @throws when it ends or is not ready in time, with what it printed
 */
export async function startChildServer(options: ChildServerOptions): Promise<ChildServer> {
  const port = options.port ?? (await freePort())
  const url = `http://localhost:${port}`
  const startedAt = performance.now()
  const { environment, args } = asNpmStarts()
  if (options.program !== undefined) args.splice(-1, 1, options.program)
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      ...environment,
      GATEHOUSE_URL: url,
      GATEHOUSE_LISTEN: `127.0.0.1:${port}`,
      GATEHOUSE_DATA: options.data,
      GATEHOUSE_LOG_LEVEL: 'warn',
      ...options.environment,
    },
  })
  const printed: string[] = []
  child.stdout.on('data', (chunk) => printed.push(String(chunk)))
  child.stderr.on('data', (chunk) => printed.push(String(chunk)))
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  // A child must not outlive a parent that ends for whatever reason.
  const reap = () => child.kill('SIGKILL')
  process.once('exit', reap)
  gone.then(() => process.removeListener('exit', reap))
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await gone
  }
  try {
    await untilReady(child, `http://127.0.0.1:${port}/readyz`, startedAt + (options.readyWithinMs ?? 60_000))
  } catch (error) {
    await stop('SIGKILL')
    throw new Error(`${(error as Error).message}. It printed:\n${printed.join('')}`)
  }
  const pid = child.pid as number
  return {
    url,
    pid,
    data: options.data,
    readyAfterMs: performance.now() - startedAt,
    output: () => printed.join(''),
    residentBytes: () => residentBytesOf(pid),
    stop,
  }
}

/** The settings and arguments that the start script gives Node.js. */
function asNpmStarts(): { environment: Record<string, string>; args: string[] } {
  const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { scripts: { start: string } }
  const words = scripts.start.split(' ')
  const node = words.indexOf('node')
  const settings = words.slice(0, node).filter((word) => word.includes('='))
  return { environment: Object.fromEntries(settings.map((one) => one.split('='))), args: words.slice(node + 1) }
}

async function untilReady(child: ChildProcess, address: string, until: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Gatehouse ended with ${child.exitCode} before it was ready`)
    if (performance.now() > until) throw new Error('Gatehouse was not ready in time')
    const response = await fetch(address).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function residentBytesOf(pid: number): number {
  const status = `/proc/${pid}/status`
  if (existsSync(status)) {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(status, 'utf8'))
    if (match !== null) return Number(match[1]) * 1_024
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1_024
}

/** A TCP port of loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
