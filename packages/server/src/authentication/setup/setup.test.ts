import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer } from '../../../test/support/house.ts'
import { FormBrowser } from '../../../test/support/people.ts'
import { saySetup } from './first-administrator.ts'

onEachEngine('starting again before the set-up link is used makes another and voids the former', async (scratch) => {
  const file = join(scratch.directory, 'setup-link.txt')
  const tokenIn = () => readFileSync(file, 'utf8').trim().split('#')[1] as string
  let first = ''
  await inServer(scratch, async ({ server }) => {
    first = tokenIn()
    assert.match(saySetup(server.setup) as string, /setup-link\.txt/)
    assert.ok(!(saySetup(server.setup) as string).includes(first))
    assert.ok(!JSON.stringify(server.logged).includes(first))
  })
  await inServer(scratch, async ({ server, clock }) => {
    const browser = await new FormBrowser(server.url).open('/setup')
    await browser.submit('/setup', { token: first })
    assert.equal(browser.status, 410)
    await browser.submit('/setup', { token: tokenIn() })
    assert.equal(browser.at, '/enrol/profile')
    clock.advanceMs(24 * 3_600_000)
    await browser.open('/setup')
    await browser.submit('/setup', { token: tokenIn() })
    assert.equal(browser.status, 410)
  })
})

onEachEngine('once there is an owner no link is offered, and the file is gone', async (scratch) => {
  const file = join(scratch.directory, 'setup-link.txt')
  await inServer(scratch, async ({ api }) => {
    assert.ok(existsSync(file))
    const home = (await api('GET', '/api/organizations')).body.items[0].id
    const user = (await api('POST', '/api/users', { organizationId: home, username: 'ada' })).body
    const granted = await api('POST', '/api/grants', {
      role: 'owner',
      principal: { type: 'User', id: user.id },
      resource: { type: 'Gatehouse::Deployment', id: 'gatehouse' },
      why: 'test',
    })
    assert.equal(granted.status, 201)
  })
  await inServer(scratch, async ({ server }) => {
    assert.equal(server.setup.kind, 'none')
    assert.equal(existsSync(file), false)
  })
})
