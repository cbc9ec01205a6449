import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openConsoleHouse, seat } from '../support/console.ts'

test('times: each reads them in their own zone, with the zone’s name at hand; a date field is in that zone and says so', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api, home } = house
  const far = await seat(house, 'ada', 'owner', { timezoneId: 'Asia/Kolkata', locale: 'en-GB' })
  const near = await seat(house, 'eve', 'owner', { timezoneId: 'America/St_Johns', locale: 'en-US' })
  const bob = (await api('POST', '/api/users', { organizationId: home, username: 'bob' })).body
  const shown = async ({ page }: typeof far) => {
    await page.goto(`${server.url}/console/users?search=bob`)
    const time = page.getByRole('grid').locator('time').first()
    await time.waitFor()
    const [at, text, title] = await Promise.all([
      time.getAttribute('datetime'),
      time.textContent(),
      time.getAttribute('title'),
    ])
    return { at, text, title }
  }
  const [there, here] = [await shown(far), await shown(near)]
  const changedAt = (await api('GET', `/api/users/${bob.id}`)).body.updatedAtMs as number
  assert.equal(there.at, here.at)
  assert.equal(there.at, new Date(changedAt).toISOString())
  const clock = (zone: string) =>
    new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(changedAt)
  const minutes = (text: string | null) => /(\d{1,2}):(\d{2})/.exec(text ?? '')?.[2]
  assert.equal(minutes(there.text), clock('Asia/Kolkata').slice(3))
  assert.equal(minutes(here.text), clock('America/St_Johns').slice(3))
  assert.match(String(there.title), /GMT\+5:30|IST/)
  assert.match(String(here.title), /GMT-3:30|NST/)

  // Half past three in the night of Kolkata is the evening before in UTC.
  await far.page.goto(`${server.url}/console/grants?new=1`)
  await far.page
    .getByText(/Asia.(Kolkata|Calcutta)/)
    .first()
    .waitFor()
  await far.page.locator('input[type=datetime-local]').fill('2030-01-02T03:04')
  const typed = (await far.page.evaluate(
    `new Date(document.querySelector('input[type=datetime-local]').value).getTime()`,
  )) as number
  assert.equal(new Date(typed).toISOString(), '2030-01-01T21:34:00.000Z')
  assert.deepEqual([far.complaints, near.complaints], [[], []])
})

test('clocks: a machine whose clock is off is told, and what it asks for ends by the server’s clock', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api } = house
  const { page, complaints } = await seat(house, 'ada', 'owner')
  await page.goto(`${server.url}/console/alerts`)
  await page.getByRole('heading', { name: 'Alerts' }).waitFor()
  assert.equal(await page.getByText('The clock of this machine').count(), 0)
  await page.addInitScript(`{ const now = Date.now; Date.now = () => now() + 3 * 3600_000 }`)
  await page.reload()
  await page.getByText('The clock of this machine is 180 minutes ahead').waitFor()
  const before = Date.now()
  await page.getByLabel('Objective', { exact: true }).selectOption('clock')
  await page.getByLabel('Why', { exact: true }).fill('a test of clocks')
  await page.getByRole('button', { name: 'Keep quiet' }).click()
  await page.getByText('a test of clocks').waitFor()
  const [silence] = (await api('GET', '/api/observability/silences')).body.items
  assert.ok(Math.abs(silence.untilMs - before - 2 * 3_600_000) < 60_000, new Date(silence.untilMs).toISOString())
  assert.deepEqual(complaints, [])
})
