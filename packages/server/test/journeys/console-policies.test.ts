import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acmeBundle, acmeFiles } from '../support/acme.ts'
import { openConsoleHouse, seat } from '../support/console.ts'

test('policies in the console: checked as one types, put in force; two administrators’ bundles are brought together, not refused', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api } = house
  const files = acmeFiles()
  const plan = await api('POST', '/api/configuration/plan', { files })
  await api('POST', '/api/configuration/apply', { files, fingerprint: plan.body.fingerprint })
  const acme = (await api('GET', '/api/organizations?name=acme')).body.items[0].id
  const application = (await api('GET', `/api/applications?organizationId=${acme}`)).body.items[0].id
  const path = `/api/applications/${application}/policies`
  const { page, complaints } = await seat(house, 'ada', 'owner')
  const bundle = acmeBundle()
  const names = Object.keys(bundle)
  const [mine, theirs] = [names.find((name) => name.endsWith('.cedar')), names.find((name) => /schema/.test(name))]
  assert.ok(mine && theirs)
  await page.goto(`${server.url}/console/applications/${application}?tab=policies&file=${encodeURIComponent(mine)}`)
  await page.getByRole('heading', { name: 'Checks ok' }).waitFor()
  // The editor takes keys once it is known that she may change them.
  await page.getByRole('button', { name: 'Put in force…' }).waitFor()
  const editor = page.locator('.cm-content')
  const type = async (text: string) => {
    await editor.click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type(text)
  }
  await type('\npermit (principal, action, resource) when { principal.nonsense };\n')
  await page.getByRole('heading', { name: 'Checks failed' }).waitFor()
  assert.ok(
    await page.getByRole('button', { name: 'Put in force…' }).isDisabled(),
    'what fails its checks is not offered',
  )
  await page.getByRole('button', { name: 'Undo what I typed' }).click()
  await type('\n// by ada\n')
  // Another administrator puts a bundle in force meanwhile.
  const other = { ...bundle, [theirs]: `${bundle[theirs]}\n// by another\n` }
  const applied = await api('PUT', path, { files: other }, { 'if-match': '*' })
  assert.equal(applied.status, 200, JSON.stringify(applied.body))
  await page.getByRole('heading', { name: 'Checks ok' }).waitFor()
  const put = async () => {
    await page.getByRole('button', { name: 'Put in force…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Put in force', exact: true }).click()
  }
  await put()
  const merge = page.getByRole('dialog', { name: 'Two people changed this' })
  await merge.getByText('local administrator saved after you opened it').waitFor()
  await merge.getByText('// by another').waitFor()
  await merge.getByRole('button', { name: 'Go on with both' }).click()
  await page.getByRole('heading', { name: 'Checks ok' }).waitFor()
  await put()
  await page.getByText('Bundle 3 is in force').waitFor()
  const kept = (await api('GET', path)).body
  assert.deepEqual(
    [kept.files[mine], kept.files[theirs]],
    [`${bundle[mine]}\n// by ada\n`, `${bundle[theirs]}\n// by another\n`],
  )
  assert.deepEqual(complaints, [])
})

test('sign-in policies are begun with an example and put in force; registrations say what they are for', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api, home } = house
  const { page, complaints } = await seat(house, 'ada', 'owner')
  await page.goto(`${server.url}/console/organizations/${home}?tab=policies`)
  await page.getByRole('button', { name: 'Begin with an example' }).click()
  await page.getByRole('heading', { name: 'Checks ok' }).waitFor()
  await page.getByRole('button', { name: 'Put in force…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Put in force', exact: true }).click()
  await page.getByText('Bundle 1 is in force').waitFor()
  const kept = await api('GET', `/api/organizations/${home}/sign-in-policy`)
  assert.equal(kept.body.number, 1, JSON.stringify(kept.body))
  await page.goto(`${server.url}/console/organizations/${home}?tab=policies&view=history`)
  await page.getByText('ada').first().waitFor()
  await page.goto(`${server.url}/console/organizations/${home}?tab=registrations`)
  await page.getByText('Their addresses are confirmed by a letter').waitFor()
  await page.getByRole('button', { name: 'Issue a token' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Whoever holds it can make one application here. It is shown once.').waitFor()
  await dialog.getByRole('button', { name: 'Issue a token' }).click()
  await dialog.getByText(/^ghreg_/).waitFor()
  await dialog.getByRole('button', { name: 'I have it' }).click()
  assert.equal(await page.getByText(/ghreg_/).count(), 0)
  assert.deepEqual(complaints, [])
})
