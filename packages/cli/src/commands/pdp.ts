import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { Failure } from '../failure.ts'
import { action } from '../session.ts'

interface PdpOptions {
  readonly url?: string
  readonly application?: string
  readonly client?: string
  readonly secretFile?: string
  readonly listen?: string
  readonly journal?: string
  readonly bounds?: string
  readonly extAuthz?: string
  readonly identity?: string
  readonly edgeLimits?: string
  readonly hosts?: string
}

/** `gatehouse pdp`: the sidecar as a process of its own; this one ends with its code. */
export function addPdp(program: Command): void {
  program
    .command('pdp')
    .description(
      'decide for one application here, from a replica: AuthZEN, forward-auth and ext_authz on loopback, for any language',
    )
    .option('--application <id>', 'whose decisions (default: GATEHOUSE_APPLICATION)')
    .option('--client <id>', 'application or machine with the role replica on it (default: the application itself)')
    .option('--secret-file <file>', "the client's secret (default: GATEHOUSE_CLIENT_SECRET_FILE)")
    .option('--listen <host:port>', 'where to answer (default: 127.0.0.1:8181)')
    .option('--journal <directory>', 'where decisions are kept until the server has them (default: in memory)')
    .option('--bounds <bounds>', 'how old it may be, as in "5s/ask, pay=500ms/deny, delete=ask" (default: 5s/ask)')
    .option('--ext-authz <host:port>', 'where to answer Envoy over gRPC (default: not at all; over HTTP at --listen)')
    .option(
      '--identity <server|none>',
      'whether gateways get a signed identity, asked for at the server (default: server)',
    )
    .option(
      '--edge-limits <limits>',
      'questions of gateways a second, as in "principal=100, client=2000, address=50" (default: off)',
    )
    .option('--hosts <names>', 'names it is reached by beside localhost, its address and names of one word')
    .action(
      action<PdpOptions>(async (_session, options) => {
        const given = {
          GATEHOUSE_URL: options.url,
          GATEHOUSE_APPLICATION: options.application,
          GATEHOUSE_CLIENT_ID: options.client,
          GATEHOUSE_CLIENT_SECRET_FILE: options.secretFile,
          GATEHOUSE_PDP_LISTEN: options.listen,
          GATEHOUSE_PDP_JOURNAL: options.journal,
          GATEHOUSE_PDP_BOUNDS: options.bounds,
          GATEHOUSE_PDP_EXT_AUTHZ_LISTEN: options.extAuthz,
          GATEHOUSE_PDP_IDENTITY: options.identity,
          GATEHOUSE_PDP_EDGE_LIMITS: options.edgeLimits,
          GATEHOUSE_PDP_HOSTS: options.hosts,
        }
        const said = Object.entries(given).filter(([, value]) => value !== undefined)
        process.exitCode = await run(Object.fromEntries(said))
      }),
    )
}

async function run(environment: Readonly<Record<string, string | undefined>>): Promise<number> {
  // The SDK's own answers no gateways.
  const programs = ['server/src/pdp.ts', 'sdk/src/pdp/main.ts'].map((path) =>
    fileURLToPath(new URL(`../../../${path}`, import.meta.url)),
  )
  const program = programs.find((path) => existsSync(path))
  if (program === undefined) throw new Failure('Neither the server nor the SDK is installed beside this command')
  const child = spawn(process.execPath, [program], { stdio: 'inherit', env: { ...process.env, ...environment } })
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0)))
  })
}
