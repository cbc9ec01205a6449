import { readFileSync } from 'node:fs'
import { Gatehouse } from '../gatehouse.ts'
import { LocalDecisions } from '../local/local-decisions.ts'
import { type SidecarAddition, startSidecar } from './server.ts'
import { type PdpSettings, readSettings } from './settings.ts'

export interface SidecarParts {
  readonly gatehouse: Gatehouse
  readonly local: LocalDecisions
  readonly settings: PdpSettings
  readonly onError: (error: unknown) => void
}

/**
 * Runs the sidecar until a signal ends it; settings come from the environment, as the command line sets them. The process ends with 1
 * and a reason when it cannot start.
 */
export async function runSidecar(
  environment: Readonly<Record<string, string | undefined>>,
  add?: (parts: SidecarParts) => Promise<SidecarAddition>,
): Promise<void> {
  try {
    const settings = readSettings(environment)
    const { url, application, clientId, secretFile, journal, bounds, host, port, hosts } = settings
    const clientSecret = readFileSync(secretFile, 'utf8').trim()
    const onError = (error: unknown) => {
      const { message, cause } = error as Error
      console.error(`gatehouse pdp: ${message}${cause instanceof Error ? `: ${cause.message}` : ''}`)
    }
    const gatehouse = new Gatehouse({
      url,
      application,
      client: { clientId, clientSecret },
      // Only gateways show access tokens.
      ...(add === undefined && { revocations: false as const }),
      onError,
    })
    const local = new LocalDecisions(gatehouse, {
      bounds,
      ...(journal !== undefined && { journal: { directory: journal } }),
    })
    const addition = await add?.({ gatehouse, local, settings, onError })
    const sidecar = await startSidecar({ local, centre: gatehouse.centre, host, port, hosts, onError, addition })
    const at = `http://${host.includes(':') ? `[${host}]` : host}:${sidecar.port}`
    console.log(`gatehouse pdp decides for ${application} at ${at}${addition?.says ?? ''}`)
    const end = async () => {
      await sidecar.close()
      await addition?.close()
      await local.close()
      await gatehouse.close()
      process.exit(0)
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end())
  } catch (error) {
    console.error(`gatehouse pdp: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  }
}
