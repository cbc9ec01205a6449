import { readConfig } from '#config'
import type { Clock } from '#kernel'
import { type Gatehouse, startGatehouse } from '../../src/gatehouse.ts'
import type { Scratch } from './engines.ts'
import { freePort } from './ports.ts'

export interface TestServer extends Gatehouse {
  /** Base address to send requests to; equals the configured public address. */
  readonly url: string
  /** Lines that were logged, as objects. */
  readonly logged: Record<string, unknown>[]
}

/** The whole server in this process, on a scratch database and a free port of loopback. */
export async function startTestServer(
  scratch: Scratch,
  options: { clock?: Clock; environment?: Record<string, string> } = {},
): Promise<TestServer> {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const { address } = scratch
  const config = readConfig(
    {
      GATEHOUSE_URL: url,
      GATEHOUSE_LISTEN: `127.0.0.1:${port}`,
      GATEHOUSE_DATA: scratch.directory,
      GATEHOUSE_DATABASE: address.engine === 'sqlite' ? `sqlite:${address.file}` : address.url.reveal(),
      ...options.environment,
    },
    scratch.directory,
  )
  const logged: Record<string, unknown>[] = []
  const log = { write: (line: string) => void logged.push(JSON.parse(line)) }
  const gatehouse = await startGatehouse({ config, log, ...(options.clock && { clock: options.clock }) })
  return { ...gatehouse, url, logged }
}
