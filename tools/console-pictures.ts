// Makes the pictures of the console in docs/images anew: a real server with examples/acme, in a real Chromium.
import { mkdirSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { acmeFiles } from '../packages/server/test/support/acme.ts'
import { openConsoleHouse, seat } from '../packages/server/test/support/console.ts'

const undo: (() => unknown)[] = []
const house = await openConsoleHouse({ after: (step: () => unknown) => void undo.push(step) } as unknown as TestContext)
const { api, server } = house
const files = acmeFiles()
const plan = await api('POST', '/api/configuration/plan', { files })
await api('POST', '/api/configuration/apply', { files, fingerprint: plan.body.fingerprint })
const acme = (await api('GET', '/api/organizations?name=acme')).body.items[0].id
const application = (await api('GET', `/api/applications?organizationId=${acme}`)).body.items[0].id
const alice = (await api('GET', `/api/users?organizationId=${acme}&username=alice`)).body.items[0].id
const { page } = await seat(house, 'ada', 'owner', { viewport: { width: 1120, height: 720 } })
const question = {
  application,
  subjectType: 'User',
  subjectId: alice,
  action: 'read',
  resourceType: 'Document',
  resourceId: 'welcome',
}
mkdirSync('docs/images', { recursive: true })
for (const [name, path, seen] of [
  ['console-why', `/can-she?${new URLSearchParams(question)}`, 'Yes'],
  ['console-policies', `/applications/${application}?tab=policies`, 'Checks ok'],
  ['console-users', `/users?organization=${acme}`, 'Users'],
] as const) {
  await page.goto(`${server.url}/console${path}`)
  await page.getByRole('heading', { name: seen }).waitFor()
  await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined)
  await page.screenshot({ path: `docs/images/${name}.png` })
}
for (const step of undo.reverse()) await step()
