import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openConsoleHouse, seat } from '../support/console.ts'
import { until } from '../support/house.ts'

test('the audit log in the console: found by words and names, kept in the address, taken away as a file; a hold is released with a reason', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api, home } = house
  for (const username of ['bob', 'zelda'])
    await api('POST', '/api/users', { organizationId: home, username, displayName: `Person ${username}` })
  const placed = await api('POST', '/api/audit/holds', { reason: 'case 4711', subject: 'bob' })
  assert.equal(placed.status, 201, JSON.stringify(placed.body))
  const { page, complaints } = await seat(house, 'ada', 'owner')
  await until(async () => (await api('GET', '/api/audit/search?target=zelda')).body.items.length > 0, 20_000)
  await page.goto(`${server.url}/console/audit`)
  await page.getByLabel('To what, by id or name').fill('zelda')
  const grid = page.getByRole('grid', { name: 'Audit log' })
  await grid.getByText('directory.user_invited').waitFor()
  await page.waitForURL(/target=zelda/)
  assert.equal(await grid.getByText('bob').count(), 0)
  await page.reload()
  await grid.getByText('directory.user_invited').waitFor()
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()])
  const parts: Buffer[] = []
  for await (const part of await file.createReadStream()) parts.push(part as Buffer)
  const csv = Buffer.concat(parts).toString('utf8').trim().split('\n')
  assert.equal(csv.length, 2, csv.join('\n'))
  assert.match(csv[1] as string, /directory\.user_invited.*zelda/)
  await page.getByRole('button', { name: 'Sinks and retention' }).click()
  await page.getByText('case 4711').waitFor()
  await page.getByRole('button', { name: 'Release' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').fill('it was settled')
  await dialog.getByRole('button', { name: 'Release' }).click()
  await page.getByText('The hold is released').waitFor()
  const [hold] = (await api('GET', '/api/audit/holds')).body.items
  assert.equal(hold.inForce, false)
  assert.deepEqual(complaints, [])
})
