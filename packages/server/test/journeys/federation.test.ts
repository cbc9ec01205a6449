import assert from 'node:assert/strict'
import { judgeAt } from '../support/axe.ts'
import { openWindow } from '../support/chromium.ts'
import { onSqlite, scratchDatabase } from '../support/engines.ts'
import { until } from '../support/house.ts'
import { goodPassword, localAdministrator, makeUser } from '../support/people.ts'
import { freePort } from '../support/ports.ts'
import { seat } from '../support/seat.ts'
import { startTestServer } from '../support/server.ts'
import { shareBrowser } from '../support/shared-browser.ts'

/** Cookies know no ports: the other house stands under another name of this machine. */
async function otherHouse(t: { after(undo: () => Promise<void>): void }) {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const environment = {
    GATEHOUSE_URL: url,
    GATEHOUSE_LISTEN: `127.0.0.1:${port}`,
    GATEHOUSE_OUTGOING_ALLOW: '127.0.0.1,::1',
  }
  const server = await startTestServer(scratch, { environment })
  t.after(() => server.close())
  return { url, api: localAdministrator(scratch) }
}

onSqlite(
  'two Gatehouses: a person of one links and signs in by the other, without a secret between them',
  async (scratch, t) => {
    const there = await otherHouse(t)
    const server = await startTestServer(scratch, { environment: { GATEHOUSE_OUTGOING_ALLOW: '127.0.0.1,::1' } })
    t.after(() => server.close())
    const api = localAdministrator(scratch)
    const browser = await shareBrowser(t)

    // Here it is a provider, there an application whose keys are those that this house publishes.
    const application = await there.api('POST', '/api/applications', {
      organizationId: (await there.api('GET', '/api/organizations')).body.items[0].id,
      name: 'partner',
      kind: 'web',
      displayName: 'The other house',
      redirectUris: ['https://to.be.known.example/'],
      authMethod: 'private_key_jwt',
      consentRequired: false,
      oauth: { jwksUri: `${server.url}/oauth/jwks` },
    })
    assert.equal(application.status, 201, JSON.stringify(application.body))
    const bianca = await makeUser(there.api, 'bianca')
    await there.api('PATCH', `/api/users/${bianca}`, { email: 'bianca@partner.example' })

    const house = { scratch, server, browser, api, home: (await api('GET', '/api/organizations')).body.items[0].id }
    const { page: office, complaints: officeComplaints } = await seat(house, 'ada', 'owner')
    await office.goto(`${server.url}/console/providers`)
    await office.getByText('With an identity provider people sign in here').waitFor()
    await office.getByRole('button', { name: 'New identity provider' }).first().click()
    const dialog = office.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('partner')
    await dialog.getByRole('textbox', { name: 'Displayed name' }).fill('Partner house')
    await dialog.getByRole('textbox', { name: 'Issuer' }).fill(there.url)
    await dialog.getByRole('textbox', { name: 'Client id' }).fill(application.body.id)
    await dialog.getByRole('button', { name: 'New identity provider' }).click()
    await office.getByRole('heading', { name: /^partner/ }).waitFor()
    await office.getByRole('button', { name: 'Ask it now' }).click()
    await office.getByText('It answers as it should').waitFor()
    const redirect = (await office.locator('code', { hasText: '/sign-in/federated/' }).first().textContent()) as string
    await there.api('PATCH', `/api/applications/${application.body.id}`, { redirectUris: [redirect] })
    for (const scheme of ['light', 'dark'] as const) await judgeAt(office, 'the page of a provider', 360, scheme)

    await makeUser(api, 'alice')
    const { page, complaints } = await openWindow(browser, { viewport: { width: 1000, height: 900 } })
    await page.goto(`${server.url}/sign-in`)
    await page.getByLabel('User name or e-mail').fill('alice')
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await page.getByLabel('Password').fill(goodPassword)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { name: 'Linked accounts' }).waitFor()
    await page.getByRole('button', { name: 'Link an account at Partner house' }).click()
    await page.waitForURL(`${there.url}/**`)
    await page.getByLabel('User name or e-mail').fill('bianca')
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await page.getByLabel('Password').fill(goodPassword)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL(`${server.url}/account?done=linked`)
    await page.getByText('The account is linked').waitFor()
    await page.getByText('bianca@partner.example').waitFor()
    await judgeAt(page, 'the account page', 360, 'dark')

    // Signed out here, one click comes back in: the session there still stands.
    await page.setViewportSize({ width: 1000, height: 900 })
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.goto(`${server.url}/sign-in`)
    await page.emulateMedia({ colorScheme: 'light' })
    await page.getByRole('button', { name: 'Continue with Partner house' }).click()
    await page.getByRole('heading', { name: 'The alice' }).waitFor()
    assert.equal(new URL(page.url()).pathname, '/account')

    await office.setViewportSize({ width: 1120, height: 760 })
    await office.goto(`${server.url}/console/federation`)
    await office.getByRole('link', { name: 'Partner house' }).waitFor()
    const { providers } = (await api('GET', '/api/federation')).body
    assert.deepEqual([providers[0].state, providers[0].succeeded], ['ok', 2])
    for (const scheme of ['light', 'dark'] as const) await judgeAt(office, 'federation', 1120, scheme)

    // Away: the page says so in the reader's language, and every other way in stays.
    const { page: other } = await openWindow(browser, { locale: 'de', viewport: { width: 1000, height: 900 } })
    await api('POST', `/api/providers/${providers[0].id}/suspend`, {})
    await until(async () => {
      await page.goto(`${server.url}/account`)
      return page.url().includes('/sign-in')
    })
    await api('POST', `/api/providers/${providers[0].id}/activate`, {})
    await other.goto(`${server.url}/sign-in`)
    await other.getByRole('button', { name: 'Weiter mit Partner house' }).click()
    await other.waitForURL(`${there.url}/**`)
    await other.goto(`${redirect}?error=access_denied&state=wrong`)
    await other.getByText('begann in einem anderen Browser').waitFor()
    await judgeAt(other, 'a journey that ended', 360, 'light')
    assert.deepEqual([...complaints, ...officeComplaints], [])
  },
)
