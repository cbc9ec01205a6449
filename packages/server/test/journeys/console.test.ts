import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openWindow } from '../support/chromium.ts'
import { openConsoleHouse, seat } from '../support/console.ts'

test('the console: sign-in through Gatehouse itself, then lists and details; a change, taken back; the history of the thing', async (t) => {
  const house = await openConsoleHouse(t)
  const { server } = house
  const { page, complaints } = await seat(house, 'ada', 'owner')
  await page.goto(`${server.url}/sign-out`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  await page.goto(`${server.url}/console/users?state=active`)
  await page.waitForURL(/\/sign-in\?return_to=%2Fconsole%2Fusers/)
  // The virtual authenticator takes the offer of the name field, and one is back where one was going.
  await page.waitForURL(/\/console\/users\?state=active/)
  await page.getByRole('heading', { name: 'Users' }).waitFor()

  await page.getByRole('button', { name: 'Invite a user' }).click()
  await page.getByLabel('User name').fill('bob')
  await page.getByLabel('Displayed name').fill('Bob Brown')
  await page.getByRole('dialog').getByRole('button', { name: 'Invite a user' }).click()
  await page.getByRole('heading', { name: 'bob invited' }).waitFor()
  await page.getByRole('button', { name: 'Make a one-time link' }).click()
  assert.match((await page.locator('dialog code').textContent()) ?? '', /\/invitation#/)
  await page.getByRole('button', { name: 'I have it' }).click()
  await page.getByLabel('E-mail').fill('bob@example.com')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Saved', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Activate', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Activate', exact: true }).click()
  await page.getByRole('heading', { name: 'bob active' }).waitFor()
  await page.getByRole('button', { name: 'Suspend' }).click()
  await page.getByLabel('Reason').fill('a test')
  await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click()
  await page.getByRole('heading', { name: 'bob suspended' }).waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('heading', { name: 'bob active' }).waitFor()
  await page.getByRole('button', { name: 'History' }).click()
  await page.getByText('directory.user_suspended').waitFor()
  assert.deepEqual(complaints, [])
})

test('nobody sees a button that policy would refuse: an auditor sees everything and changes nothing', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api, home } = house
  const made = await api('POST', '/api/users', { organizationId: home, username: 'bob' })
  const { page, complaints } = await seat(house, 'iris', 'auditor')
  const refused: string[] = []
  page.on('response', (response) => {
    if (response.status() === 403) refused.push(response.url())
  })
  await page.goto(`${server.url}/console/users/${made.body.id}`)
  await page.getByRole('heading', { name: 'bob' }).waitFor()
  await page.getByRole('link', { name: 'Events' }).waitFor()
  for (const name of ['Suspend', 'Delete', 'Save', 'Activate', 'Make a one-time link'])
    assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, name)
  assert.equal(await page.getByLabel('User name').getAttribute('readonly'), '')
  await page.goto(`${server.url}/console/users`)
  await page.getByRole('grid').getByText('bob').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Invite a user' }).count(), 0)
  const plain = await seat(house, 'noel', undefined)
  await plain.page.goto(`${server.url}/console`)
  await plain.page.getByText('You hold no role here').waitFor()
  assert.equal(await plain.page.getByRole('link', { name: 'Users' }).count(), 0)
  assert.deepEqual([refused, complaints, plain.complaints], [[], [], []])
})

test('the console is small and strict: first load under 250 KB of compressed script, no inline code, names that hold the hash', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, browser } = house
  const response = await fetch(`${server.url}/console/users`)
  const policy = response.headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'/)
  assert.doesNotMatch(policy, /unsafe|nonce/)
  const html = await response.text()
  assert.doesNotMatch(html, /<script>|<style| style=| on[a-z]+=/)
  let bytes = 0
  const scripts = [...html.matchAll(/"(\/console\/files\/[^"]+\.js)"/g)].map(([, path]) => path as string)
  for (const path of new Set(scripts)) {
    const file = await fetch(server.url + path, { headers: { 'accept-encoding': 'gzip' } })
    assert.match(file.headers.get('cache-control') ?? '', /immutable/)
    assert.equal(file.headers.get('content-encoding'), 'gzip')
    bytes += gzipSync(Buffer.from(await file.arrayBuffer())).length
  }
  t.diagnostic(`first load: ${(bytes / 1024).toFixed(0)} KB of script, gzip`)
  assert.ok(bytes > 10 * 1024 && bytes < 250 * 1024, String(bytes))
  const { page } = await openWindow(browser)
  assert.equal((await page.goto(`${server.url}/console/files/none.js`))?.status(), 404)
})
