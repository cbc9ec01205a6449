import type { TestContext } from 'node:test'
import type { Browser } from 'playwright-core'
import { type Scratch, scratchDatabase } from './engines.ts'
import { type Api, localAdministrator } from './people.ts'
import { startTestServer, type TestServer } from './server.ts'

export interface ConsoleHouse {
  readonly scratch: Scratch
  readonly server: TestServer
  readonly browser: Browser
  /** As the local administrator. */
  readonly api: Api
  readonly home: string
}

/** A real server beside a real Chromium; the server ends with the test. */
export async function makeConsoleHouse(
  t: Pick<TestContext, 'after'>,
  browser: Browser,
  environment: Record<string, string> = {},
): Promise<ConsoleHouse> {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  const server = await startTestServer(scratch, { environment })
  t.after(() => server.close())
  const api = localAdministrator(scratch)
  const home = (await api('GET', '/api/organizations')).body.items[0].id
  return { scratch, server, browser, api, home }
}
