// The real Cerbos server on the same policies, on the same core, taking turns with ours. Its package is fetched from npm into a
// temporary folder when this runs; the project does not depend on it.
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../support/child-server.ts'
import { prepareRequest } from '../support/connection.ts'
import { type Figure, formatRate } from '../support/figures.ts'
import { type LoadOptions, loadAtMost, requireClean } from '../support/load.ts'
import { median } from '../support/percentiles.ts'
import { pinServer } from '../support/pin.ts'

const name = '@cerbos/cerbos-linux-x64'
const version = '0.55.0'
const path = '/api/check/resources'
const wanted = 5

/** Acme's policies (examples/acme/documents) as Cerbos writes them. What our grants and directory know, its caller sends. */
const policies = `
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: document
  version: default
  rules:
    - name: document-owner
      actions: [read, write]
      effect: EFFECT_ALLOW
      roles: [user]
      condition: { match: { expr: "has(R.attr.owner) && R.attr.owner == P.id" } }
    - name: viewer
      actions: [read]
      effect: EFFECT_ALLOW
      roles: ["*"]
      condition: { match: { expr: "R.attr.viewers.exists(viewer, viewer in P.attr.groups)" } }
    - name: confidential-needs-clearance
      actions: ["*"]
      effect: EFFECT_DENY
      roles: [user]
      condition:
        match:
          all:
            of:
              - expr: R.attr.classification == "confidential"
              - expr: '!(has(P.attr.clearance) && P.attr.clearance == "confidential")'
    - name: machines-read-only
      actions: [write]
      effect: EFFECT_DENY
      roles: [machine]
`

const resource = {
  kind: 'document',
  id: 'budget',
  attr: { classification: 'confidential', owner: 'dana', viewers: ['staff'] },
}
/** The two that our load asks about: alice has clearance, bob has none. */
const asked = [
  { id: 'alice', roles: ['user'], attr: { groups: ['staff'], department: 'strategy', clearance: 'confidential' } },
  { id: 'bob', roles: ['user'], attr: { groups: ['staff'], department: 'support' } },
].map((principal) => ({ requestId: 'bench', principal, resources: [{ actions: ['read'], resource }] }))

/** Requests a second of ours over those of Cerbos: with decisions written to a file, as ours are, and without. */
export async function measureCerbos(ours: Omit<LoadOptions, 'seconds'>, rounds: number): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cerbos-'))
  const stops: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  try {
    const program = await fetchCerbos(folder)
    if (program === undefined) return [{ what: 'decisions ÷ Cerbos', measured: 'not measured: no package for here' }]
    const logging = await startCerbos(program, folder, true)
    stops.push(logging.stop)
    const silent = await startCerbos(program, folder, false)
    stops.push(silent.stop)
    const rates = { ours: [] as number[], logging: [] as number[], silent: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      const most = async (what: string, options: Omit<LoadOptions, 'seconds'>) =>
        requireClean(what, await loadAtMost({ ...options, seconds: 2 })).perSecond
      rates.logging.push(await most('Cerbos, logging', logging))
      rates.ours.push(await most('decisions', ours))
      rates.silent.push(await most('Cerbos', silent))
    }
    const [own, withLog, without] = [median(rates.ours), median(rates.logging), median(rates.silent)]
    return [
      { what: `Cerbos ${version}, decisions logged to a file, the most`, measured: formatRate(withLog) },
      { what: `Cerbos ${version}, nothing logged, the most`, measured: formatRate(without) },
      {
        what: 'decisions ÷ Cerbos, both with every decision on record',
        measured: `${(own / withLog).toFixed(1)} ×`,
        target: `≥ ${wanted} ×`,
        met: own >= wanted * withLog,
      },
      { what: 'decisions on record ÷ Cerbos without a log', measured: `${(own / without).toFixed(1)} ×` },
    ]
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

/** The path of the program; undefined where npm has none for this system or cannot be reached. */
async function fetchCerbos(folder: string): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  const options = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--prefix', folder]
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  try {
    await promisify(execFile)('npm', ['install', ...options, `${name}@${version}`], { cwd: folder, timeout: 120_000 })
  } catch (error) {
    console.log(`Cerbos could not be fetched: ${(error as Error).message.split('\n')[0]}`)
    return undefined
  }
  return join(folder, 'node_modules', name, 'cerbos-linux-x64')
}

async function startCerbos(program: string, folder: string, logging: boolean) {
  const [port, grpc] = [await freePort(), await freePort()]
  const rules = join(folder, 'policies')
  mkdirSync(rules, { recursive: true })
  writeFileSync(join(rules, 'document.yaml'), policies)
  const config = join(folder, `${port}.json`)
  const file = { path: join(folder, `${port}.log`) }
  const audit = { enabled: true, accessLogsEnabled: false, decisionLogsEnabled: true, backend: 'file', file }
  writeFileSync(
    config,
    JSON.stringify({
      server: { httpListenAddr: `127.0.0.1:${port}`, grpcListenAddr: `127.0.0.1:${grpc}` },
      storage: { driver: 'disk', disk: { directory: rules, watchForChanges: false } },
      telemetry: { disabled: true },
      ...(logging && { audit }),
    }),
  )
  // One core is what it gets, and what Go is told, so that it does not work against itself.
  const child = spawn(program, ['server', '--config', config, '--log-level=error'], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH ?? '', GOMAXPROCS: '1' },
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    child.kill('SIGTERM')
    await gone
  }
  const reap = () => child.kill('SIGKILL')
  process.once('exit', reap)
  gone.then(() => process.removeListener('exit', reap))
  const url = new URL(`http://127.0.0.1:${port}`)
  const headers = { 'Content-Type': 'application/json' }
  try {
    await untilUp(url, () => child.exitCode !== null)
    const answers = await Promise.all(asked.map((body) => ask(url, body)))
    if (!answers[0]?.includes('EFFECT_ALLOW') || !answers[1]?.includes('EFFECT_DENY'))
      throw new Error(`Cerbos decides otherwise than we do: ${answers.join(' ')}`)
  } catch (error) {
    await stop()
    throw error
  }
  pinServer(child.pid as number)
  const prepared = asked.map((body) => prepareRequest(new URL(path, url), { headers, body: JSON.stringify(body) }))
  return {
    stop,
    url,
    request: (index: number) => prepared[index % prepared.length] as Buffer,
    accept: (status: number, body: string) => status === 200 && body.includes('"EFFECT_'),
  }
}

async function ask(url: URL, body: object): Promise<string> {
  const headers = { 'Content-Type': 'application/json' }
  return (await fetch(new URL(path, url), { method: 'POST', headers, body: JSON.stringify(body) })).text()
}

async function untilUp(url: URL, isGone: () => boolean): Promise<void> {
  for (let tried = 0; tried < 400; tried++) {
    if (isGone()) throw new Error('Cerbos ended before it was up')
    const reply = await fetch(new URL('/_cerbos/health', url)).catch(() => undefined)
    await reply?.body?.cancel()
    if (reply?.ok === true) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('Cerbos did not come up')
}
