import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProxy } from './proxy.ts'

export const gatewayKinds = ['nginx', 'caddy', 'own'] as const
export type GatewayKind = (typeof gatewayKinds)[number]

export interface GatewayOptions {
  /** Where people reach it; its port is the one listened on, at 127.0.0.1. */
  readonly origin: string
  readonly gatehouse: URL
  readonly service: URL
}

export interface Gateway {
  readonly kind: GatewayKind
  /** As in `nginx 1.22.1`. */
  readonly name: string
  stop(): Promise<void>
}

/** The gateway's name and version, or undefined when this machine has none that can ask (nginx: with auth_request). */
export function findGateway(kind: GatewayKind): string | undefined {
  if (kind === 'own') return "the project's own reverse proxy"
  const done = spawnSync(kind, [kind === 'nginx' ? '-V' : 'version'], { encoding: 'utf8' })
  const said = `${done.stdout}${done.stderr}`
  if (done.status !== 0 || (kind === 'nginx' && !said.includes('auth_request'))) return undefined
  const version = /\d+\.\d+\.\d+/.exec(said)?.[0] ?? ''
  return `${kind} ${version}`
}

/** The first of nginx, Caddy and the project's own proxy that this machine has. */
export function preferredGateway(): GatewayKind {
  return gatewayKinds.find((kind) => findGateway(kind) !== undefined) ?? 'own'
}

/** Starts the gateway with the configuration of this folder, its addresses replaced, as an unprivileged process. */
export async function startGateway(kind: GatewayKind, options: GatewayOptions): Promise<Gateway> {
  const port = Number(new URL(options.origin).port)
  const name = findGateway(kind)
  if (name === undefined) throw new Error(`${kind} is not installed here`)
  if (kind === 'own') {
    const server = await startProxy({ ...options, port })
    const stop = async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
    return { kind, name, stop }
  }
  const directory = mkdtempSync(join(tmpdir(), `gatehouse-${kind}-`))
  const files = kind === 'nginx' ? ['nginx.conf', 'gatehouse.conf'] : ['Caddyfile']
  for (const file of files)
    writeFileSync(join(directory, file), addressed(readFileSync(new URL(file, import.meta.url), 'utf8'), options))
  const who = process.getuid?.() === 0 ? nobodyIn(directory, files) : {}
  const args =
    kind === 'nginx'
      ? ['-p', `${directory}/`, '-c', 'nginx.conf', '-e', 'stderr']
      : ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile']
  const home = { HOME: directory, XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory }
  const child = spawn(kind, args, {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH ?? '', ...home },
    ...who,
  })
  const said: string[] = []
  child.stderr.on('data', (chunk) => said.push(String(chunk)))
  const reap = () => child.kill('SIGKILL')
  process.once('exit', reap)
  const stop = async () => {
    await end(child)
    process.removeListener('exit', reap)
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await untilListening(child, port)
  } catch (error) {
    await stop()
    throw new Error(`${name} does not start: ${(error as Error).message}\n${said.join('')}`)
  }
  return { kind, name, stop }
}

/** The configuration with this run's addresses instead of the ones it explains itself with. */
function addressed(text: string, { origin, gatehouse, service }: GatewayOptions): string {
  const { host, hostname, port } = new URL(origin)
  return text
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${gatehouse.port}`)
    .replaceAll('127.0.0.1:9000', `127.0.0.1:${service.port}`)
    .replaceAll('127.0.0.1:9080', `127.0.0.1:${port}`)
    .replaceAll('documents.localhost:9080', host)
    .replaceAll('documents.localhost', hostname)
    .replace('worker_processes auto', 'worker_processes 1')
}

/** Gives the directory to the system's unprivileged user. */
function nobodyIn(directory: string, files: readonly string[]): { uid: number; gid: number } {
  const who = { uid: 65_534, gid: 65_534 }
  chmodSync(directory, 0o700)
  for (const path of [directory, ...files.map((file) => join(directory, file))]) chownSync(path, who.uid, who.gid)
  return who
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  const until = performance.now() + 15_000
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended')
    if (performance.now() > until) throw new Error('it does not listen in time')
    const open = await new Promise<boolean>((resolve) => {
      const probe = connect(port, '127.0.0.1', () => resolve(true))
      probe.once('error', () => resolve(false))
      probe.once('connect', () => probe.destroy())
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await gone
  clearTimeout(late)
}
