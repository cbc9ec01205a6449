import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { addAuthenticator, openWindow } from '../support/chromium.ts'
import { onEachEngine } from '../support/engines.ts'
import { goodPassword, localAdministrator, makeUser } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import { shareBrowser } from '../support/shared-browser.ts'

async function signInByPassword(page: Page, url: string, login: string): Promise<void> {
  await page.goto(`${url}/sign-in`)
  await page.getByLabel('User name or e-mail').fill(login)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill(goodPassword)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

onEachEngine('passkeys: added by name, offered by the browser, several at once, removed', async (scratch, t) => {
  const server = await startTestServer(scratch)
  t.after(() => server.close())
  const api = localAdministrator(scratch)
  const id = await makeUser(api, 'alice')
  const browser = await shareBrowser(t)
  const { page, complaints } = await openWindow(browser)
  const laptop = await addAuthenticator(page)
  await signInByPassword(page, server.url, 'alice')
  await page.getByRole('link', { name: 'Add a passkey' }).click()
  await page.getByLabel('Name').fill('Laptop <b>')
  await page.getByRole('button', { name: 'Create the passkey' }).click()
  await page.getByText('Your new passkey works').waitFor()
  await page.getByText('Laptop <b>').waitFor()

  // The same device once more is refused by the browser itself (excludeCredentials, WebAuthn 5.4).
  await page.getByRole('link', { name: 'Add a passkey' }).click()
  await page.getByLabel('Name').fill('Again')
  await page.getByRole('button', { name: 'Create the passkey' }).click()
  await page.getByText('already has a passkey for you').waitFor()

  // A second, roaming authenticator.
  await laptop.cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: laptop.authenticatorId })
  await addAuthenticator(page, { roaming: true })
  await page.getByLabel('Name').fill('Green key')
  await page.getByRole('button', { name: 'Create the passkey' }).click()
  await page.getByText('Your new passkey works').waitFor()
  const factors = (await api('GET', `/api/users/${id}/factors`)).body
  assert.deepEqual(
    factors.passkeys.map((each: { name: string }) => each.name),
    ['Laptop <b>', 'Green key'],
  )

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  await page.goto(`${server.url}/sign-in`)
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await page.getByRole('heading', { name: 'The alice' }).waitFor()
  const sessions = (await api('GET', `/api/users/${id}/sessions`)).body.items
  assert.deepEqual(sessions[0].amr, ['hwk', 'user', 'mfa'])
  assert.equal(sessions[0].acr, 'phr')

  await page.getByRole('button', { name: 'Remove passkey Laptop <b>' }).click()
  await page.getByText('The passkey is removed').waitFor()
  assert.deepEqual(complaints, [])
})

onEachEngine('after a password the passkey is the second step, and must verify its person', async (scratch, t) => {
  const server = await startTestServer(scratch)
  t.after(() => server.close())
  const api = localAdministrator(scratch)
  const id = await makeUser(api, 'alice')
  const browser = await shareBrowser(t)
  const { page } = await openWindow(browser)
  const { cdp, authenticatorId } = await addAuthenticator(page)
  await signInByPassword(page, server.url, 'alice')
  await page.getByRole('link', { name: 'Add a passkey' }).click()
  await page.getByLabel('Name').fill('Laptop')
  await page.getByRole('button', { name: 'Create the passkey' }).click()
  await page.getByText('Your new passkey works').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()

  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  await signInByPassword(page, server.url, 'alice')
  await page.getByRole('heading', { name: 'One more step' }).waitFor()
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByRole('alert').filter({ hasText: 'cancelled, or took too long' }).waitFor()
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true })
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByRole('heading', { name: 'The alice' }).waitFor()
  const [session] = (await api('GET', `/api/users/${id}/sessions`)).body.items
  assert.deepEqual(session.amr, ['pwd', 'hwk', 'user', 'mfa'])
})

onEachEngine(
  'a press comes after the browser’s own offer; an answer is taken once, and only for its challenge (WebAuthn 13.4.3)',
  async (scratch, t) => {
    const server = await startTestServer(scratch)
    t.after(() => server.close())
    await makeUser(localAdministrator(scratch), 'alice')
    const browser = await shareBrowser(t)
    const { page, context } = await openWindow(browser)
    await addAuthenticator(page)
    await signInByPassword(page, server.url, 'alice')
    await page.getByRole('link', { name: 'Add a passkey' }).click()
    await page.getByLabel('Name').fill('Laptop')
    await page.getByRole('button', { name: 'Create the passkey' }).click()
    await page.getByText('Your new passkey works').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()

    // Pressed before the browser's own offer has its challenge: the press waits for it, so that its own is the later one.
    const order: string[] = []
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
    await page.route('**/sign-in/passkey/challenge', async (route) => {
      order.push('asked')
      await held
      await route.continue()
    })
    await Promise.all([page.waitForRequest('**/sign-in/passkey/challenge'), page.goto(`${server.url}/sign-in`)])
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 100))')
    order.push('let go')
    letGo()
    await page.getByRole('heading', { name: 'The alice' }).waitFor()
    assert.deepEqual(order, ['asked', 'let go', 'asked'])
    await page.unroute('**/sign-in/passkey/challenge')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()

    let answer = ''
    await page.route('**/sign-in/passkey', async (route) => {
      answer = route.request().postData() as string
      await route.abort()
    })
    await page.goto(`${server.url}/sign-in`)
    await page.waitForFunction(() => true)
    for (let waits = 0; answer === '' && waits < 100; waits++) await page.waitForTimeout(50)
    assert.match(answer, /credential=/)
    const cookies = (await context.cookies(server.url)).map(({ name, value }) => `${name}=${value}`).join('; ')
    const send = () =>
      fetch(`${server.url}/sign-in/passkey`, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: cookies, origin: server.url, 'content-type': 'application/x-www-form-urlencoded' },
        body: answer,
      })
    const forged = new URLSearchParams(answer)
    const statuses = [(await send()).status, (await send()).status]
    assert.deepEqual(statuses, [303, 409])
    forged.set('credential', '{"id":"x","response":{}}')
    const wrong = await fetch(`${server.url}/sign-in/passkey`, {
      method: 'POST',
      headers: { cookie: cookies, origin: server.url, 'content-type': 'application/x-www-form-urlencoded' },
      body: forged.toString(),
    })
    assert.equal(wrong.status, 409)
  },
)
