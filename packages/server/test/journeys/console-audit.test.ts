import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openConsoleHouse, seat } from '../support/console.ts'
import { until } from '../support/house.ts'

test('the audit log in the console: found by words and names, kept in the address, taken away as a file; retention is set, a hold placed and released, each with its command', async (t) => {
  const kept = mkdtempSync(join(tmpdir(), 'gatehouse-sink-'))
  t.after(() => rmSync(kept, { recursive: true, force: true }))
  const [sinks, disk] = [join(kept, 'sinks.yaml'), join(kept, 'audit.ndjson')]
  writeFileSync(sinks, `sinks:\n  - { name: disk, kind: file, path: ${disk} }\n`)
  const house = await openConsoleHouse(t, { GATEHOUSE_AUDIT_SINK_FILE: sinks })
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
  await dialog.getByText(`gatehouse audit hold release ${placed.body.id} --reason 'it was settled'`).waitFor()
  await dialog.getByRole('button', { name: 'Release' }).click()
  await page.getByText('The hold is released').waitFor()
  const holds = async () => (await api('GET', '/api/audit/holds')).body.items
  assert.equal((await holds())[0].inForce, false)

  // A sink that lost what it was given gets it once more.
  const lines = () => readFileSync(disk, 'utf8').split('\n').filter(Boolean)
  const [first] = lines()
  assert.equal(lines().filter((line) => line === first).length, 1)
  await page.getByRole('button', { name: 'Send again' }).click()
  await dialog.getByText('gatehouse audit replay disk --after 0', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Send again' }).click()
  await page.getByText('It is sent again').waitFor()
  await until(async () => lines().filter((line) => line === first).length === 2, 20_000)

  await page.getByRole('button', { name: 'Place a legal hold' }).click()
  await dialog.getByLabel('From', { exact: true }).fill('2026-01-01')
  await dialog.getByLabel('Why').fill('case 4712')
  await dialog.getByText(/^gatehouse audit hold place --reason 'case 4712' --since 202[56]-/).waitFor()
  await dialog.getByRole('button', { name: 'Place' }).click()
  await page.getByText('The hold is placed').waitFor()
  const [, second] = await holds()
  assert.deepEqual([second.reason, second.inForce, second.subject], ['case 4712', true, undefined])
  assert.ok(Math.abs(second.fromMs - Date.UTC(2026, 0, 1)) <= 14 * 3_600_000)

  // No setting goes below the minimum; the page says so before it is sent, the server whatever is sent.
  await page.getByRole('button', { name: 'Set retention' }).click()
  await dialog.getByLabel('Days for which entries keep what they say').fill('400')
  await dialog.getByText('gatehouse audit retention set --keep-days 400', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Set', exact: true }).click()
  await page.getByText('kept 400 days').waitFor()
  await page.getByRole('button', { name: 'Change the minimum' }).click()
  await dialog.getByLabel('Days that every entry is kept at least').fill('500')
  await dialog.getByText('gatehouse audit retention minimum 500', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Set', exact: true }).click()
  await page.getByText('No organization keeps less than 500 days.').waitFor()
  const set = (await api('GET', '/api/audit/retention')).body
  assert.deepEqual([set.items, set.minimumDays], [[{ keepDays: 400 }], 500])
  await page.getByRole('button', { name: 'Remove and archive now' }).click()
  await dialog.getByText('gatehouse audit sweep', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Remove and archive now' }).click()
  await page.getByText('Done (0 removed, 0 archived, 0 held)').waitFor()
  const short = await api('PUT', '/api/audit/retention', { keepDays: 499 })
  assert.equal(short.body.code, 'audit.retention_below_minimum')
  assert.deepEqual(complaints, [])
})
