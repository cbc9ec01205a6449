import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import { addAuthenticator, openWindow } from '../support/chromium.ts'
import { onEachEngine } from '../support/engines.ts'
import { startTestServer } from '../support/server.ts'
import { shareBrowser } from '../support/shared-browser.ts'

/** From the set-up link's end to the first protected route: each step says by itself that it holds. */
async function firstHour(page: Page): Promise<void> {
  const step = (name: string) => page.getByRole('heading', { name })
  await step('You, with a second factor done').waitFor()
  await step('First application to do').waitFor()
  await page.getByRole('link', { name: 'New application' }).click()
  await page.getByLabel('Name', { exact: true }).fill('documents')
  await page.getByRole('dialog').getByRole('button', { name: 'New application' }).click()
  await step('documents active').waitFor()
  await page.goto(new URL('/console/first-hour', page.url()).href)
  await step('First application done').waitFor()
  await page.getByRole('button', { name: 'Put the example in force' }).click()
  await step('First policy done').waitFor()
  await page.getByRole('button', { name: /^Protect/ }).click()
  await step('First protected route done').waitFor()
  await page.getByRole('button', { name: 'Check now' }).click()
  await page.getByText('As nobody: refused').waitFor()
  await page.getByText('As the owner: let through').waitFor()
  await step('It holds done').waitFor()
}

onEachEngine('the set-up link leads to an owner who signs in with a passkey, and works once', async (scratch, t) => {
  const server = await startTestServer(scratch)
  t.after(() => server.close())
  assert.equal(server.setup.kind, 'file')
  const file = join(scratch.directory, 'setup-link.txt')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const link = readFileSync(file, 'utf8').trim()

  const browser = await shareBrowser(t)
  const { page, complaints } = await openWindow(browser)
  await addAuthenticator(page)
  await page.goto(link)
  await page.getByLabel('Your name').fill('Ada Lovelace')
  await page.getByLabel('User name').fill('Ada L')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('must be 1 to 128 letters').waitFor()
  await page.getByLabel('User name').fill('ada')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('button', { name: 'Create a passkey' }).click()
  await page.getByRole('heading', { name: 'Keep these safe' }).waitFor()
  assert.equal(await page.locator('.codes li').count(), 10)
  await page.getByRole('link', { name: 'I have kept them' }).click()
  await firstHour(page)
  await page.goto(`${server.url}/account`)
  await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor()

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  // The browser offers the passkey in the name field (conditional UI), and the virtual authenticator takes the offer.
  await page.goto(`${server.url}/sign-in`)
  await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor()
  await page.getByRole('button', { name: 'Remove passkey' }).click()
  await page.getByText('no way left to sign in').waitFor()
  assert.deepEqual(complaints, [])

  const again = await openWindow(browser)
  await again.page.goto(link)
  await again.page.getByText('has been used or has expired').waitFor()
})

onEachEngine('without JavaScript the set-up link leads to an owner with a password and an app', async (scratch, t) => {
  const server = await startTestServer(scratch)
  t.after(() => server.close())
  const link = readFileSync(join(scratch.directory, 'setup-link.txt'), 'utf8').trim()
  const [address, token] = link.split('#') as [string, string]
  const browser = await shareBrowser(t)
  const { page } = await openWindow(browser, { javaScriptEnabled: false })
  await page.goto(address)
  await page.getByLabel('Code of your link').fill(token)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Your name').fill('Ada Lovelace')
  await page.getByLabel('User name').fill('ada')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('link', { name: 'Choose a password' }).click()
  await page.getByLabel('New password').fill('password123')
  await page.getByLabel('The same again').fill('password123')
  await page.getByRole('button', { name: 'Save password' }).click()
  await page.getByText('easy to guess').or(page.getByText('commonly used')).waitFor()
  const password = 'copper lantern walrus orbit'
  await page.getByLabel('New password').fill(password)
  await page.getByLabel('The same again').fill(password)
  await page.getByRole('button', { name: 'Save password' }).click()
  const secret = (await page.locator('.secret').innerText()).replaceAll(' ', '')
  const codeAt = (timestamp: number) => new TOTP({ secret, digits: 6, period: 30 }).generate({ timestamp })
  await page.getByLabel('Code from the app').fill(codeAt(Date.now()))
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByRole('heading', { name: 'Keep these safe' }).waitFor()
  const recovery = await page.locator('.codes li').first().innerText()
  await page.getByRole('link', { name: 'I have kept them' }).click()
  await page.getByRole('link', { name: 'your account' }).click()
  await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()

  await page.goto(`${server.url}/sign-in`)
  await page.getByLabel('User name or e-mail').fill('ADA')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill('wrong horse')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').getByText('That did not work').waitFor()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'Lost your device?' }).click()
  await page.getByLabel('Recovery code').fill(recovery.toUpperCase())
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('9 left').waitFor()
})
