import type { TestContext } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { addAuthenticator, openWindow, startBrowser } from './chromium.ts'
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

/** A real server and a real Chromium; both end with the test. */
export async function openConsoleHouse(
  t: TestContext,
  environment: Record<string, string> = {},
): Promise<ConsoleHouse> {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  const server = await startTestServer(scratch, { environment })
  t.after(() => server.close())
  const browser = await startBrowser(t)
  const api = localAdministrator(scratch)
  const home = (await api('GET', '/api/organizations')).body.items[0].id
  return { scratch, server, browser, api, home }
}

export interface Seat {
  readonly page: Page
  readonly complaints: string[]
  readonly userId: string
  readonly authenticator: Awaited<ReturnType<typeof addAuthenticator>>
}

/** Somebody with this role of the whole deployment, enrolled by passkey and signed in, in a window of their own. */
export async function seat(
  { browser, api, home }: ConsoleHouse,
  username: string,
  role: string | undefined,
  options: Parameters<typeof openWindow>[1] = {},
  resource: object = { type: 'Gatehouse::Deployment', id: 'gatehouse' },
): Promise<Seat> {
  const made = await api('POST', '/api/users', { organizationId: home, username, displayName: `The ${username}` })
  const link = await api('POST', `/api/users/${made.body.id}/invitation-link`)
  if (role !== undefined)
    await api('POST', '/api/grants', { role, principal: { type: 'User', id: made.body.id }, resource, why: 'test' })
  const { page, complaints } = await openWindow(browser, options)
  page.setDefaultTimeout(30_000)
  const authenticator = await addAuthenticator(page)
  await page.goto(link.body.url)
  await page.getByRole('button', { name: 'Create a passkey' }).click()
  await page.getByRole('link', { name: 'I have kept them' }).click()
  await page.getByRole('heading', { name: `The ${username}` }).waitFor()
  return { page, complaints, userId: made.body.id, authenticator }
}
