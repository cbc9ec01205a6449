import type { Browser, Page } from 'playwright-core'
import { addAuthenticator, openWindow } from './chromium.ts'
import type { Api } from './people.ts'

export interface Seat {
  readonly page: Page
  readonly complaints: string[]
  readonly userId: string
  readonly authenticator: Awaited<ReturnType<typeof addAuthenticator>>
}

/** Somebody with this role of the whole deployment, enrolled by passkey and signed in, in a window of their own. */
export async function seat(
  { browser, api, home }: { readonly browser: Browser; readonly api: Api; readonly home: string },
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
