import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openConsoleHouse, seat } from '../support/console.ts'

test('an API key of a machine is seen on its page, with what it is for, and is revoked there', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api, home } = house
  const { page, complaints, userId } = await seat(house, 'ada', 'owner')
  const machine = (await api('POST', '/api/machines', { organizationId: home, name: 'deploy', owner: userId })).body.id
  const made = await api('POST', '/api/api-keys', {
    owner: machine,
    name: 'nightly',
    applications: ['gatehouse'],
    scopes: ['viewMachine'],
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  await page.goto(`${server.url}/console/machines/${machine}?tab=secrets`)
  const card = page.locator('section', { has: page.getByRole('heading', { name: 'API keys' }) })
  await card.getByText('nightly', { exact: true }).waitFor()
  assert.match(await card.innerText(), /nightly\s+viewMachine\s+ends/)
  assert.ok(!(await page.content()).includes(made.body.secret))
  await card.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await card.getByText('None in force.').waitFor()
  assert.equal((await api('GET', `/api/api-keys/${made.body.key.id}`)).body.state, 'revoked')
  assert.deepEqual(complaints, [])
})
