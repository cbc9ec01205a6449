import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { acmeFiles } from '../support/acme.ts'
import { findViolations } from '../support/axe.ts'
import { addAuthenticator } from '../support/chromium.ts'
import { assertIsCommand } from '../support/commands.ts'
import { openConsoleHouse, seat } from '../support/console.ts'
import { until } from '../support/house.ts'
import type { Api } from '../support/people.ts'

async function applyAcme(api: Api): Promise<{ users: string; applications: string; groups: string }> {
  const files = acmeFiles()
  const plan = await api('POST', '/api/configuration/plan', { files })
  const applied = await api('POST', '/api/configuration/apply', { files, fingerprint: plan.body.fingerprint })
  assert.equal(applied.status, 200, JSON.stringify(applied.body))
  const acme = (await api('GET', '/api/organizations?name=acme')).body.items[0].id
  const first = async (list: string) => (await api('GET', `/api/${list}?organizationId=${acme}`)).body.items[0].id
  return { users: await first('users'), applications: await first('applications'), groups: await first('groups') }
}

const providerOf = (organizationId: string) => ({
  organizationId,
  issuer: 'https://sso.globex.example',
  clientId: 'gatehouse',
  domains: ['globex.example'],
})

/** What axe-core finds, and whether the page scrolls sideways: wide and light, then as a telephone and dark. */
async function judge(page: Page, what: string): Promise<string[]> {
  const found: string[] = []
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [340, 'dark'],
  ] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 760 })
    const violations = await findViolations(page, 160)
    found.push(...violations.map((one) => `${what} at ${width}: ${one}`))
    const wide = (await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    )) as number
    if (wide > 0) found.push(`${what} at ${width} scrolls sideways by ${wide} (WCAG 1.4.10)`)
  }
  return found
}

test("every page of the console passes axe-core's WCAG 2.2 AA rules, light and dark, wide and as a telephone, and speaks German", async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api } = house
  const acme = await applyAcme(api)
  const condition = 'context.claims.repository == "acme/app"'
  const trusts = [{ name: 'ci', issuer: 'https://ci.acme.example', condition }]
  const owner = {
    organizationId: (await api('GET', `/api/users/${acme.users}`)).body.organizationId,
    owner: acme.users,
  }
  const made = await api('POST', '/api/machines', { ...owner, name: 'deploy', trusts })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const provider = (await api('POST', '/api/providers', { ...providerOf(owner.organizationId), name: 'globex' })).body
  // The page's own policy refuses what the test puts in.
  const { page, complaints, userId } = await seat(house, 'ada', 'owner', { bypassCSP: true })
  const question = `application=${acme.applications}&subjectType=User&subjectId=${acme.users}&action=read&resourceType=Document&resourceId=welcome`
  const pages = [
    ['/', 'Good to see you, The ada'],
    ['/users', 'Users'],
    ['/users?new=1', 'Invite a user'],
    [`/users/${acme.users}`, 'alice active'],
    [`/users/${acme.users}?tab=access`, 'What it reaches'],
    [`/users/${userId}?tab=sessions`, 'Sessions'],
    [`/groups/${acme.groups}?tab=members`, /./],
    [`/applications/${acme.applications}`, 'Allowed and unwise'],
    [`/applications/${acme.applications}?tab=policies`, 'Checks ok'],
    [`/applications/${acme.applications}?tab=policies&view=coverage`, /named policies/],
    [`/machines/${made.body.id}?tab=secrets`, 'Public keys'],
    [`/providers/${provider.id}`, 'globex active'],
    [`/organizations/${owner.organizationId}?tab=policies`, /./],
    [`/organizations/${owner.organizationId}?tab=registrations`, 'Programs'],
    [`/organizations/${owner.organizationId}?tab=branding`, 'Preview'],
    ['/grants?new=1', 'New grant'],
    [`/can-she?${question}`, /^(Yes|No)$/],
    ['/decisions', 'Decisions'],
    ['/events', 'Events'],
    [`/timeline/${userId}`, 'Timeline of ada'],
    ['/dashboards', 'Dashboards'],
    ['/dashboards?view=on-call', 'decision-latency'],
    ['/dashboards?view=debug', 'Refused lately'],
    ['/alerts', 'Alerts'],
    ['/audit', 'Audit log'],
    ['/audit?view=keeping', 'Legal holds'],
    ['/federation', /^https:\/\/ci\.acme\.example/],
    ['/runbooks/leaked-credential', 'A credential leaked'],
    ['/keys', 'Keys'],
    ['/settings', 'Settings'],
    ['/first-hour', 'First hour'],
  ] as const
  const found: string[] = []
  const commands = new Map<string, string[]>()
  for (const [path, heading] of pages) {
    await page.setViewportSize({ width: 1280, height: 760 })
    await page.goto(`${server.url}/console${path}`)
    await page.getByRole('heading', { name: heading }).first().waitFor()
    await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => undefined)
    commands.set(path, await page.locator('.cli code').allTextContents())
    found.push(...(await judge(page, path)))
  }
  assert.deepEqual(found, [])
  // A runbook holds its own commands; every other page says those that do the same, and they exist.
  const silent = [...commands].filter(([, of]) => of.length === 0).map(([path]) => path)
  assert.deepEqual(silent, ['/runbooks/leaked-credential'])
  for (const [path, of] of commands) for (const line of of) if (line !== 'npm run gateway') assertIsCommand(line, path)
  await page.setViewportSize({ width: 1280, height: 760 })
  await page.goto(`${server.url}/console/users`)
  await page.getByRole('button', { name: 'Deutsch' }).click()
  await page.getByRole('heading', { name: 'Personen' }).waitFor()
  assert.equal(await page.locator('html').getAttribute('lang'), 'de')
  for (const [path, heading] of [
    [`/organizations/${owner.organizationId}?tab=branding`, 'Vorschau'],
    [`/organizations/${owner.organizationId}?tab=registrations`, 'Programme'],
    [`/applications/${acme.applications}`, 'Erlaubt, aber unklug'],
    ['/audit?view=keeping', 'Aufbewahrungssperren'],
  ] as const) {
    await page.goto(`${server.url}/console${path}`)
    await page.getByRole('heading', { name: heading }).waitFor()
  }
  assert.deepEqual(complaints, [])
})

test('hostile names in every field: no script runs, nothing is taken for markup, the layout holds', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api, home } = house
  const hostile = `<img src=x onerror="window.hurt=1">'"; --&amp;${'W'.repeat(140)}`
  const made = await api('POST', '/api/users', {
    organizationId: home,
    username: 'mallory',
    displayName: hostile,
    attributes: { department: hostile },
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const group = await api('POST', '/api/groups', { organizationId: home, name: 'g', displayName: hostile })
  await api('POST', `/api/groups/${group.body.id}/members`, { add: [made.body.id] })
  const machine = { organizationId: home, name: 'm', owner: made.body.id, displayName: hostile }
  const machineId = (await api('POST', '/api/machines', machine)).body.id
  const application = { organizationId: home, name: 'a', displayName: hostile, kind: 'service' }
  const applicationId = (await api('POST', '/api/applications', application)).body.id
  const providerId = (await api('POST', '/api/providers', { ...providerOf(home), name: 'p', displayName: hostile }))
    .body.id
  const texts = { en: { welcome: hostile, help: hostile } }
  const branded = await api('PATCH', `/api/organizations/${home}`, { settings: { branding: { texts } } })
  assert.equal(branded.status, 200, JSON.stringify(branded.body))
  await api('POST', '/api/grants', {
    role: 'auditor',
    principal: { type: 'Group', id: group.body.id },
    resource: { type: 'Organization', id: home },
    why: hostile,
  })
  const { page, complaints } = await seat(house, 'ada', 'owner', { viewport: { width: 360, height: 740 } })
  const id = made.body.id
  for (const path of [
    '/users',
    `/users/${id}`,
    `/users/${id}?tab=access`,
    `/users/${id}?tab=history`,
    '/groups',
    `/machines/${machineId}?tab=secrets`,
    `/applications/${applicationId}`,
    `/providers/${providerId}`,
    `/organizations/${home}?tab=branding`,
    '/audit',
    '/machines',
    '/grants',
    '/events',
    `/timeline/${id}`,
    '/users?search=%3Cscript%3E',
    '/can-she?subjectType=User&subjectId=%3Cb%3E&action=updateUser&resourceType=%22%3E&resourceId=x',
  ]) {
    await page.goto(`${server.url}/console${path}`)
    await page.locator('main h1').waitFor()
    await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => undefined)
    assert.equal(await page.evaluate('window.hurt'), undefined, path)
    assert.equal(await page.locator('main img').count(), 0, path)
    const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    assert.equal(wide, 0, `${path} scrolls sideways`)
  }
  await page.goto(`${server.url}/console/users/${id}`)
  assert.equal(await page.getByLabel('Displayed name').inputValue(), made.body.displayName)
  assert.deepEqual(complaints, [])
})

test('two administrators on one thing: the second sees both changes and keeps both; an ended session loses nothing typed', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api, home } = house
  const bob = (await api('POST', '/api/users', { organizationId: home, username: 'bob', displayName: 'Bob' })).body
  const path = `/api/users/${bob.id}`
  const { page, userId, authenticator } = await seat(house, 'ada', 'owner')
  await page.goto(`${server.url}/console/users/${bob.id}`)
  await page.getByLabel('E-mail').fill('bob@example.com')
  await api('PATCH', path, { displayName: 'Robert', attributes: { team: 'blue' } })
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  const merge = page.getByRole('dialog', { name: 'Two people changed this' })
  await merge.getByText('local administrator saved after you opened it').waitFor()
  assert.equal(await page.getByText('It was changed meanwhile').count(), 0, 'a merge, not an error')
  await merge.getByRole('button', { name: 'Save both' }).click()
  await page.getByText('Saved', { exact: true }).waitFor()
  const merged = (await api('GET', path)).body
  assert.deepEqual(
    [merged.email, merged.displayName, merged.attributes],
    ['bob@example.com', 'Robert', { team: 'blue' }],
  )

  await page.getByLabel('Displayed name').fill('Bobby')
  await api('PATCH', path, { displayName: 'Rob' })
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await merge.getByText('both changed it').waitFor()
  await merge.getByLabel(/Theirs: Rob/).check()
  await merge.getByRole('button', { name: 'Save both' }).click()
  await page.getByLabel('Displayed name').and(page.locator('[value="Rob"]')).waitFor()

  // The same of an identity provider, and of members of members: how sign-in pages look.
  const provider = (await api('POST', '/api/providers', { ...providerOf(home), name: 'globex' })).body
  await page.goto(`${server.url}/console/providers/${provider.id}`)
  await page.getByLabel('E-mail domains').fill('globex.example\nglobex.test')
  await api('PATCH', `/api/providers/${provider.id}`, { displayName: 'Globex' })
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await merge.getByRole('button', { name: 'Save both' }).click()
  await merge.waitFor({ state: 'detached' })
  const both = (await api('GET', `/api/providers/${provider.id}`)).body
  assert.deepEqual([both.domains, both.displayName], [['globex.example', 'globex.test'], 'Globex'])
  await page.goto(`${server.url}/console/organizations/${home}?tab=branding`)
  await page.getByLabel('Colour', { exact: true }).fill('#17605a')
  const texts = { de: { welcome: 'Willkommen: hier' } }
  await api('PATCH', `/api/organizations/${home}`, { settings: { branding: { texts } } })
  await page.getByRole('button', { name: 'Make a preview' }).click()
  await page.getByRole('link', { name: 'Look at it' }).waitFor()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await merge.getByText('de.welcome: Willkommen: hier').waitFor()
  await merge.getByRole('button', { name: 'Save both' }).click()
  await merge.waitFor({ state: 'detached' })
  const branding = async () => (await api('GET', `/api/organizations/${home}`)).body.settings.branding
  assert.deepEqual(await branding(), { colour: '#17605a', texts })
  await page.getByLabel('Colour', { exact: true }).fill('#ffee00')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page
    .getByText(/contrast of 1\.\d+ to 1/)
    .first()
    .waitFor()
  assert.equal(await page.getByLabel('Colour', { exact: true }).inputValue(), '#ffee00')
  await page.getByRole('button', { name: 'Undo what I typed' }).click()

  await page.goto(`${server.url}/console/users/${bob.id}`)
  await page.getByLabel('Displayed name').fill('typed before the end')
  assert.equal((await api('DELETE', `/api/users/${userId}/sessions`)).status, 200)
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('dialog', { name: 'Your session has ended' }).waitFor()
  assert.equal(await page.getByLabel('Displayed name').inputValue(), 'typed before the end')
  const [tab] = await Promise.all([
    page.context().waitForEvent('page'),
    page.getByRole('link', { name: 'Sign in again' }).click(),
  ])
  // The passkey of her device is there in the other tab too.
  const other = await addAuthenticator(tab)
  const { credentials } = await authenticator.cdp.send('WebAuthn.getCredentials', authenticator)
  for (const credential of credentials)
    await other.cdp.send('WebAuthn.addCredential', { ...other, credential } as never)
  await tab.reload()
  await tab.getByRole('heading', { name: 'You are signed in again' }).waitFor()
  await until(async () => (await api('GET', path)).body.displayName === 'typed before the end', 20_000)
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
})

test('a lost connection is said, nothing typed is lost, and it goes on by itself', async (t) => {
  const house = await openConsoleHouse(t)
  const { server, api, home } = house
  const bob = (await api('POST', '/api/users', { organizationId: home, username: 'bob' })).body
  const { page } = await seat(house, 'ada', 'owner')
  await page.goto(`${server.url}/console/users/${bob.id}`)
  await page.getByLabel('Displayed name').fill('Bob')
  await page.context().setOffline(true)
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Gatehouse did not answer').waitFor()
  await page
    .getByRole('link', { name: 'Groups' })
    .click()
    .catch(() => undefined)
  await page.context().setOffline(false)
  assert.equal(await page.getByLabel('Displayed name').inputValue(), 'Bob')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Saved', { exact: true }).waitFor()
  // A refusal of one field is said at the field.
  await page.getByLabel('E-mail').fill('no address')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.locator('[aria-invalid="true"], .notice.wrong').first().waitFor()
  assert.equal(await page.getByLabel('E-mail').inputValue(), 'no address')
})
