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
}

/** `gatehouse pdp`: the SDK's sidecar as a process of its own; this one ends with its code. */
export function addPdp(program: Command): void {
  program
    .command('pdp')
    .description(
      'decide for one application here, from a replica of what it decides from: AuthZEN on loopback, for any language',
    )
    .option('--application <id>', 'whose decisions (default: GATEHOUSE_APPLICATION)')
    .option('--client <id>', 'application or machine with the role replica on it (default: the application itself)')
    .option('--secret-file <file>', "the client's secret (default: GATEHOUSE_CLIENT_SECRET_FILE)")
    .option('--listen <host:port>', 'where to answer (default: 127.0.0.1:8181)')
    .option('--journal <directory>', 'where decisions are kept until the server has them (default: in memory)')
    .option('--bounds <bounds>', 'how old it may be, as in "5s/ask, pay=500ms/deny, delete=ask" (default: 5s/ask)')
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
        }
        const said = Object.entries(given).filter(([, value]) => value !== undefined)
        process.exitCode = await run(Object.fromEntries(said))
      }),
    )
}

async function run(environment: Readonly<Record<string, string | undefined>>): Promise<number> {
  const program = fileURLToPath(new URL('../../../sdk/src/pdp/main.ts', import.meta.url))
  if (!existsSync(program)) throw new Failure('The SDK is not installed beside this command')
  const child = spawn(process.execPath, [program], { stdio: 'inherit', env: { ...process.env, ...environment } })
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0)))
  })
}
