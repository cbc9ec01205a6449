import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requireOrganization } from '#directory'
import { systemClock, systemEntropy } from '#kernel'
import { openConsoleHouse, seat } from '../support/console.ts'
import { fillDirectory } from '../support/fill-directory.ts'

const people = 10_000

test(`a list of ${people} people: only rows in sight exist, keys move at once, search and filters stand in the address`, async (t) => {
  const house = await openConsoleHouse(t)
  const { server, home } = house
  const { storage } = server
  const organization = await requireOrganization(storage.db, home as never)
  const deps = { storage, clock: systemClock, entropy: systemEntropy }
  await fillDirectory(deps, organization, { users: people, groups: 1, groupsPerUser: 0 })
  const { page, complaints } = await seat(house, 'ada', 'owner')
  await page.goto(`${server.url}/console/users?organization=${home}`)
  const grid = page.getByRole('grid', { name: 'Users' })
  await grid.getByText('u0', { exact: true }).waitFor()
  await grid.focus()
  const took: number[] = []
  for (let press = 0; press < 60; press++) {
    const key = press % 3 === 0 ? 'ArrowDown' : 'PageDown'
    took.push(
      (await page.evaluate(`new Promise((resolve) => {
        const started = performance.now()
        const press = { key: ${JSON.stringify(key)}, bubbles: true, cancelable: true }
        document.querySelector('[role=grid]').dispatchEvent(new KeyboardEvent('keydown', press))
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - started)))
      })`)) as number,
    )
    const rows = await grid.locator('.rows > .row').count()
    assert.ok(rows < 80, `${rows} rows exist`)
  }
  took.sort((a, b) => a - b)
  const median = took[took.length >> 1] as number
  t.diagnostic(
    `a key in the list to the next frame: median ${median.toFixed(0)} ms, slowest ${took.at(-1)?.toFixed(0)} ms`,
  )
  assert.ok(median <= 100, `${median} ms`)

  await page.keyboard.press('/')
  await page.keyboard.type('u777')
  await page.waitForURL(/search=u777/)
  await grid.getByText('u7770', { exact: true }).waitFor()
  assert.equal(await grid.getByText('u0', { exact: true }).count(), 0)
  await page.reload()
  await grid.getByText('u7779', { exact: true }).waitFor()
  assert.equal(await page.getByLabel('Search by the beginning of the name').inputValue(), 'u777')
  await grid.focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: /^u777/ }).waitFor()

  // Each list: what is chosen stands in the address, and is there again when the address is opened.
  for (const [path, label, typed, address] of [
    ['/organizations', 'Search by the beginning of the name', 'ho', 'search=ho'],
    ['/groups', 'Search by the beginning of the name', 'g', 'search=g'],
    ['/machines', 'State', 'suspended', 'state=suspended'],
    ['/applications', 'State', 'active', 'state=active'],
    ['/providers', 'Search by the beginning of the name', 'x', 'search=x'],
    ['/grants', 'Role', 'owner', 'role=owner'],
    ['/events', 'Type', 'directory.*', 'type=directory.*'],
  ] as const) {
    await page.goto(`${server.url}/console${path}`)
    const control = page.getByRole('main').getByLabel(label, { exact: true })
    if (label === 'State') await control.selectOption(typed)
    else await control.fill(typed)
    await page.waitForURL((url) => url.search === `?${address}`)
    await page.reload()
    await control.waitFor()
    assert.equal(await control.inputValue(), typed, path)
  }
  await page.goto(`${server.url}/console/grants?role=owner&organization=${home}`)
  await page.getByText('gatehouse grant list --role owner').waitFor()
  await page.goto(`${server.url}/console/decisions?application=none`)
  await page.getByText('gatehouse decisions --app none').waitFor()
  assert.deepEqual(complaints, [])
})
