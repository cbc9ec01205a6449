import { ManualClock } from '#kernel'
import type { Scratch } from './engines.ts'
import { type Api, localAdministrator } from './people.ts'
import { startTestServer, type TestServer } from './server.ts'

export interface House {
  readonly server: TestServer
  /** As the local administrator. */
  readonly api: Api
  readonly clock: ManualClock
}

/** The whole server on a clock that stands still until it is moved. */
export async function inServer(
  scratch: Scratch,
  body: (house: House) => Promise<void>,
  environment: Record<string, string> = {},
): Promise<void> {
  const clock = new ManualClock(Date.now())
  const server = await startTestServer(scratch, { clock, environment })
  try {
    await body({ server, clock, api: localAdministrator(scratch, () => clock.nowMs()) })
  } finally {
    await server.close()
  }
}

/** Waits, in real time, until `what` answers true; for what happens by the feed. */
export async function until(what: () => Promise<boolean>, withinMs = 15_000): Promise<void> {
  for (const end = Date.now() + withinMs; !(await what()); ) {
    if (Date.now() > end) throw new Error('it did not happen')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
