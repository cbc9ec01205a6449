import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openConsoleHouse, seat } from '../support/console.ts'
import { until } from '../support/house.ts'

test('API keys and machine keys are made in the console: shown once, copied, never again; and revoked there, in words', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api, home } = house
  const { page, complaints, userId } = await seat(house, 'ada', 'owner')
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  const machine = (await api('POST', '/api/machines', { organizationId: home, name: 'deploy', owner: userId })).body.id
  await api('POST', '/api/grants', {
    role: 'auditor',
    principal: { type: 'Machine', id: machine },
    resource: { type: 'Organization', id: home },
    why: 'test',
  })
  const card = (name: string) => page.locator('section', { has: page.getByRole('heading', { name, exact: true }) })
  const dialog = page.getByRole('dialog')
  const takeOnce = async () => {
    await dialog.getByRole('button', { name: 'I have it' }).waitFor()
    const secret = (await dialog.locator('code').last().textContent()) ?? ''
    await dialog.getByRole('button', { name: 'Copy', exact: true }).click()
    await dialog.getByRole('button', { name: 'Copied' }).waitFor()
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), secret)
    await dialog.getByRole('button', { name: 'I have it' }).click()
    await dialog.waitFor({ state: 'detached' })
    return secret
  }
  await page.goto(`${server.url}/console/machines/${machine}?tab=secrets`)

  await card('API keys').getByText('None in force.').waitFor()
  await card('API keys').getByRole('button', { name: 'New API key' }).click()
  await dialog.getByLabel('What it is for').fill('nightly')
  await dialog.getByLabel('At the API of Gatehouse').check()
  assert.ok(await dialog.getByRole('button', { name: 'Make the key' }).isDisabled(), 'for this API actions are named')
  await dialog.getByLabel('Only these actions').fill('viewMachine, viewUser')
  await dialog.getByLabel('Valid for').selectOption('30')
  const command =
    'gatehouse api-key create nightly --owner machine:deploy --gatehouse --scope viewMachine viewUser --valid 30d'
  await dialog.getByText(command).waitFor()
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const key = await takeOnce()
  const ask = async (path: string) =>
    (await fetch(server.url + path, { headers: { authorization: `Bearer ${key}` } })).status
  assert.deepEqual([await ask(`/api/machines/${machine}`), await ask(`/api/grants`)], [200, 403])
  await card('API keys').getByText('nightly', { exact: true }).waitFor()
  assert.match(await card('API keys').innerText(), /nightly\s+viewMachine, viewUser\s+Gatehouse\s+ends/)

  await card('Client secrets').getByRole('button', { name: 'Issue a secret' }).click()
  const secret = await takeOnce()

  await card('Public keys').getByRole('button', { name: 'Register a key' }).click()
  await dialog.getByLabel('exists: I have its public half').check()
  await dialog.getByLabel('Its client secrets end').check()
  await dialog.getByLabel('Public key (JWK)').fill('{"kty":"EC","d":"private"}')
  await dialog.getByRole('button', { name: 'Register', exact: true }).click()
  await dialog.getByText('This is no public JWK.').waitFor()
  await dialog.getByLabel('is made here').check()
  await dialog.getByText('gatehouse machine key add deploy --replace-secrets').waitFor()
  await dialog.getByRole('button', { name: 'Register', exact: true }).click()
  const made = JSON.parse(await takeOnce())
  const [registered] = (await api('GET', `/api/machines/${machine}`)).body.keys
  assert.deepEqual(
    [registered.kid, registered.jwk?.x, registered.jwk?.d],
    [made.kid, made.x, undefined],
    'the public half is what was sent',
  )
  assert.ok(made.d.length > 40)

  // Nowhere in the page, nor when it is read anew.
  const kept = await page.evaluate(
    'JSON.stringify([document.documentElement.outerHTML, {...localStorage}, {...sessionStorage}])',
  )
  await page.reload()
  await card('API keys').getByText('nightly', { exact: true }).waitFor()
  for (const text of [kept as string, await page.content()])
    for (const one of [key, secret, made.d]) assert.ok(!text.includes(one))

  for (const name of ['API keys', 'Public keys']) {
    await card(name).getByRole('button', { name: 'Revoke' }).click()
    await dialog
      .getByText('Whoever uses this key is refused at once. It cannot be undone; make another one instead.')
      .waitFor()
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    await dialog.waitFor({ state: 'detached' })
  }
  await card('API keys').getByText('None in force.').waitFor()
  await card('Public keys').getByText('None registered.').waitFor()
  assert.equal(await ask(`/api/machines/${machine}`), 401)

  // A leaked identity is contained in one step, with a reason, after its name was typed.
  await page.getByRole('button', { name: 'Contain' }).click()
  await dialog.getByText(`gatehouse contain Machine:${machine} --reason WHY`).waitFor()
  await dialog.getByLabel('Type deploy to confirm').fill('deploy')
  await dialog.getByLabel('Reason (for the record)').fill('its key was in a paste')
  await dialog.getByRole('button', { name: 'Contain' }).click()
  await page.getByText(/^deploy is contained \(access: 1, .*grants: 1\)/).waitFor()
  await page.getByRole('heading', { name: 'deploy suspended' }).waitFor()
  await until(async () => (await api('GET', '/api/events?type=tokens.principal_contained')).body.items.length === 1)
  const [contained] = (await api('GET', '/api/events?type=tokens.principal_contained')).body.items
  assert.deepEqual([contained.object.id, contained.data.reason], [machine, 'its key was in a paste'])

  // Somebody else's keys are seen and revoked, never made: a key is its owner.
  const bob = (await api('POST', '/api/users', { organizationId: home, username: 'bob' })).body.id
  await page.goto(`${server.url}/console/users/${bob}?tab=sessions`)
  await card('API keys').getByText('None in force.').waitFor()
  assert.equal(await card('API keys').getByRole('button', { name: 'New API key' }).count(), 0)
  await page.goto(`${server.url}/console/users/${userId}?tab=sessions`)
  await card('API keys').getByRole('button', { name: 'New API key' }).waitFor()
  assert.deepEqual(complaints, [])
})
