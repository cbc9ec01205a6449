// `gatehouse pdp`: the sidecar as a process. Settings come from the environment; the command line sets them.
import { readFileSync } from 'node:fs'
import { Gatehouse } from '../gatehouse.ts'
import { LocalDecisions } from '../local/local-decisions.ts'
import { startSidecar } from './server.ts'
import { readSettings } from './settings.ts'

const fail = (error: unknown): never => {
  console.error(`gatehouse pdp: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}
try {
  const { url, application, clientId, secretFile, journal, bounds, host, port } = readSettings(process.env)
  const clientSecret = readFileSync(secretFile, 'utf8').trim()
  const onError = (error: unknown) => {
    const { message, cause } = error as Error
    console.error(`gatehouse pdp: ${message}${cause instanceof Error ? `: ${cause.message}` : ''}`)
  }
  const gatehouse = new Gatehouse({ url, application, client: { clientId, clientSecret }, revocations: false, onError })
  const local = new LocalDecisions(gatehouse, {
    bounds,
    ...(journal !== undefined && { journal: { directory: journal } }),
  })
  const sidecar = await startSidecar({ local, host, port, onError })
  console.log(
    `gatehouse pdp decides for ${application} at http://${host.includes(':') ? `[${host}]` : host}:${sidecar.port}`,
  )
  const end = async () => {
    await sidecar.close()
    await local.close()
    await gatehouse.close()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end())
} catch (error) {
  fail(error)
}
