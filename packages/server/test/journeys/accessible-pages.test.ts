import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { judgeAt } from '../support/axe.ts'
import { openWindow } from '../support/chromium.ts'
import { scratchDatabase } from '../support/engines.ts'
import { until } from '../support/house.ts'
import { withMail } from '../support/mail.ts'
import { goodPassword, localAdministrator, makeUser } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import { shareBrowser } from '../support/shared-browser.ts'

/** Dark on a wide window, light on a narrow one. */
async function judge(page: Page, what: string): Promise<void> {
  await judgeAt(page, what, 1200, 'dark')
  await judgeAt(page, what, 340, 'light')
}

test("every page passes axe-core's WCAG 2.2 AA rules, light and dark", async (t) => {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  const server = await startTestServer(scratch)
  t.after(() => server.close())
  const api = localAdministrator(scratch)
  await makeUser(api, 'alice')
  const browser = await shareBrowser(t)
  // Axe is put in by the test, which the pages' own policy would refuse.
  const { page } = await openWindow(browser, { bypassCSP: true })
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()

  await page.goto(`${server.url}/setup`)
  await judge(page, 'set-up link')
  await page.getByLabel('Code of your link').fill('wrong')
  await press('Continue')
  await judge(page, 'set-up link, refused')
  const token = readFileSync(join(scratch.directory, 'setup-link.txt'), 'utf8').trim().split('#')[1] as string
  await page.getByLabel('Code of your link').fill(token)
  await press('Continue')
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('User name').fill('a b')
  await press('Continue')
  await judge(page, 'profile, refused')
  await page.getByLabel('User name').fill('ada')
  await press('Continue')
  await judge(page, 'choice of factor')
  await page.getByRole('link', { name: 'Choose a password' }).click()
  await page.getByLabel('New password').fill('short')
  await page.getByLabel('The same again').fill('short')
  await press('Save password')
  await judge(page, 'new password, refused')
  await page.getByLabel('New password').fill(goodPassword)
  await page.getByLabel('The same again').fill(goodPassword)
  await press('Save password')
  await judge(page, 'authenticator app')

  await page.goto(`${server.url}/sign-in`)
  await judge(page, 'sign-in')
  await page.getByLabel('User name or e-mail').fill('alice')
  await press('Continue')
  await page.getByLabel('Password').fill('wrong')
  await press('Sign in')
  await judge(page, 'password, refused')
  await page.getByLabel('Password').fill(goodPassword)
  await press('Sign in')
  await page.getByRole('heading', { name: 'The alice' }).waitFor()
  await judge(page, 'account')
  await page.goto(`${server.url}/account/passkeys/new`)
  await judge(page, 'new passkey')
  await page.goto(`${server.url}/account`)
  await press('Make codes')
  await judge(page, 'recovery codes')
  await page.goto(`${server.url}/sign-out`)
  await judge(page, 'sign-out')
  await press('Sign out')
  await judge(page, 'signed out')
  await page.goto(`${server.url}/enrol`)
  await judge(page, 'error')
})

test('the pages of a forgotten password pass the same rules, from the letter to the new password', async (t) => {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  await withMail(scratch, async ({ server, api }, mail) => {
    const id = await makeUser(api, 'alice')
    const { headers } = await api('GET', `/api/users/${id}`)
    const etag = headers.get('etag') as string
    await api('PATCH', `/api/users/${id}`, { email: 'alice@example.com' }, { 'if-match': etag })
    const browser = await shareBrowser(t)
    const { page } = await openWindow(browser, { bypassCSP: true })
    const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
    await page.goto(`${server.url}/sign-in`)
    await page.getByLabel('User name or e-mail').fill('alice')
    await press('Continue')
    await page.getByRole('link', { name: 'Forgot your password?' }).click()
    await judge(page, 'forgotten')
    await press('Send me the link')
    await judge(page, 'letter sent')
    await until(async () => mail.letters.length === 1)
    const address = /http\S+\/recovery#\S+/.exec(mail.letters[0] as string)?.[0] as string
    await page.goto(address)
    await page.getByLabel('New password').waitFor()
    await judge(page, 'new password')
    await page.getByLabel('New password').fill('seven quiet otters juggle')
    await page.getByLabel('The same again').fill('seven quiet otters juggle')
    await press('Save password')
    await judge(page, 'password changed')
  })
})

test('pages are small: under 50 KB with the style sheet, before the passkey script; no style and no script inside', async (t) => {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  const server = await startTestServer(scratch)
  t.after(() => server.close())
  const response = await fetch(`${server.url}/sign-in`)
  const policy = response.headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.doesNotMatch(policy, /unsafe/)
  const page = await response.text()
  assert.doesNotMatch(page, /<style| style="|<script>| on[a-z]+="/)
  const style = await fetch(server.url + (/href="(\/assets\/style-[^"]+)"/.exec(page)?.[1] as string))
  assert.match(style.headers.get('cache-control') ?? '', /immutable/)
  assert.ok(page.length + (await style.text()).length < 50 * 1024)
})
