// Sign-in policies over the whole server: applied by the API, asked at each sign-in, on record.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { TOTP } from 'otpauth'
import { onEachEngine } from '../../../test/support/engines.ts'
import { type House, inServer, until } from '../../../test/support/house.ts'
import { countryData } from '../../../test/support/mmdb.ts'
import { type Api, BrowserAt, behindProxy, FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'
import { pkce } from '../../../test/support/token-flow.ts'
import { localTime, plainAddress } from './conditions.ts'

const example = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../../../../examples/sign-in/${path}`, import.meta.url)), 'utf8')
const office = { 'office.cedar': example('office.cedar'), 'tests/office.yaml': example('tests/office.yaml') }

const homeOf = async (api: Api): Promise<string> => (await api('GET', '/api/organizations')).body.items[0].id
const apply = async (api: Api, files: Record<string, string>) =>
  api('PUT', `/api/organizations/${await homeOf(api)}/sign-in-policy`, { files })
const forbids = (when: string, more = '') => ({
  'p.cedar': `@id("p") ${more} forbid (principal, action, resource) when { ${when} };`,
})

/** Moves the clock to the next full hour of this number, UTC. */
function moveTo({ clock }: House, hour: number): void {
  const dayMs = 86_400_000
  const now = clock.nowMs() % dayMs
  clock.advanceMs(((hour * 3_600_000 - now + dayMs) % dayMs) + 60_000)
}

/** A person with an authenticator app. @returns what its codes are made of */
async function withApp({ server, api, clock }: House, name: string): Promise<{ id: string; secret: string }> {
  const id = await makeUser(api, name)
  const browser = await new FormBrowser(server.url).signIn(name)
  await browser.open('/account/totp')
  const secret = (/<code class="secret">([^<]*)</.exec(browser.page)?.[1] as string).replaceAll(' ', '')
  await browser.submit('/account/totp', { code: new TOTP({ secret }).generate({ timestamp: clock.nowMs() }) })
  assert.equal(browser.at, '/account?done=totp')
  return { id, secret }
}

/** Signs in with password and app from an address. */
async function enter(house: House, name: string, secret: string, address: string): Promise<FormBrowser> {
  const { clock, server } = house
  clock.advanceMs(30_000)
  const browser = await new BrowserAt(server.url, address).signIn(name)
  return browser.submit('/sign-in/factor', { code: new TOTP({ secret }).generate({ timestamp: clock.nowMs() }) })
}

const makeAdministrator = async ({ api, server }: House, id: string) => {
  const resource = { type: 'Gatehouse::Deployment', id: 'gatehouse' }
  const granted = await api('POST', '/api/grants', {
    role: 'auditor',
    principal: { type: 'User', id },
    resource,
    why: 't',
  })
  assert.equal(granted.status, 201, JSON.stringify(granted.body))
  await until(async () => server.authentication.services.administrators.isAdministrator(id as never))
}

onEachEngine(
  'no TOTP from outside the office at night for administrators: three lines, their tests, and what they do',
  (scratch) =>
    inServer(
      scratch,
      async (house) => {
        const { api } = house
        const alice = await withApp(house, 'alice')
        const bob = await withApp(house, 'bob')
        await makeAdministrator(house, alice.id)
        const applied = await apply(api, office)
        assert.equal(applied.status, 200, JSON.stringify(applied.body))
        assert.equal(applied.body.tests.length, 5)
        assert.ok(applied.body.tests.every((one: { passed: boolean }) => one.passed))

        moveTo(house, 12)
        assert.equal((await enter(house, 'alice', alice.secret, '203.0.113.9')).at, '/account')
        moveTo(house, 23)
        assert.equal((await enter(house, 'alice', alice.secret, '198.51.100.20')).at, '/account')
        assert.equal((await enter(house, 'bob', bob.secret, '203.0.113.9')).at, '/account')
        const refused = await enter(house, 'alice', alice.secret, '203.0.113.9')
        assert.equal(refused.status, 403)
        assert.match(refused.text, /your organization asks for a passkey too, which you do not have/)
        assert.equal(refused.cookie('gatehouse-session'), undefined)

        // The reason id finds the decision in the journal, and the event says whose it was.
        const reason = /<code>([^<]+)<\/code>/.exec(refused.page)?.[1] as string
        const { items } = (await api('GET', `/api/decisions?requestId=${encodeURIComponent(reason)}`)).body
        assert.equal(items.length, 1)
        assert.equal(items[0].via, 'sign-in')
        assert.deepEqual(items[0].reasons, ['no-totp-outside-at-night'])
        const [event] = (await api('GET', '/api/events?type=authentication.denied')).body.items
        assert.equal(event.object.id, alice.id)
        assert.deepEqual(event.data.reasons, ['no-totp-outside-at-night'])

        // What has been shown is gone: the page of the second step is not answered any more.
        await refused.open('/sign-in/factor')
        assert.match(refused.text, /Start again here/)
      },
      behindProxy,
    ),
)

onEachEngine(
  'a policy that does not fit, permits, fails its test or would lock every administrator out changes nothing',
  (scratch) =>
    inServer(scratch, async (house) => {
      const { api, server } = house
      const alice = await withApp(house, 'alice')
      await makeAdministrator(house, alice.id)
      const refused = async (files: Record<string, string>, code: string, says?: RegExp) => {
        const { status, body } = await apply(api, files)
        assert.equal(body.code, code, JSON.stringify(body))
        assert.ok(status === 422 || status === 409)
        if (says !== undefined) assert.match(JSON.stringify(body.problems), says)
      }
      await refused(forbids('context.hours > 3'), 'policies.bundle_invalid', /p\.cedar/)
      await refused({ 'p.cedar': 'permit (principal, action, resource);' }, 'policies.bundle_invalid', /only forbid/)
      await refused(forbids('true', '@require("smile")'), 'policies.bundle_invalid', /email, totp, passkey/)
      const wrong = office['tests/office.yaml'].replace('expect: deny', 'expect: allow')
      await refused({ ...office, 'tests/office.yaml': wrong }, 'policies.bundle_invalid', /fails: expected allow/)
      await refused(forbids('true'), 'policies.locks_out')
      await refused(forbids('context.administrator'), 'policies.locks_out')
      await refused(forbids('!context.factors.contains("passkey")'), 'policies.locks_out')
      await refused(forbids('context.hour + 9223372036854775807 > 0'), 'policies.locks_out')
      assert.equal((await api('GET', `/api/organizations/${await homeOf(api)}/sign-in-policy`)).status, 404)

      // What leaves a way in is taken; one that errs denies whom it errs for, and a rollback takes it back.
      const url = `/api/organizations/${await homeOf(api)}/sign-in-policy`
      assert.equal((await apply(api, forbids('context.factors.contains("email")'))).status, 200)
      const errs = 'principal.username == "bob" && context.hour + 9223372036854775807 > 0'
      assert.equal((await apply(api, forbids(errs))).status, 200)
      await makeUser(api, 'carol')
      await makeUser(api, 'bob')
      assert.equal((await new FormBrowser(server.url).signIn('bob')).status, 403)
      assert.equal((await new FormBrowser(server.url).signIn('carol')).at, '/account')
      assert.equal((await api('POST', `${url}/rollback`, {})).status, 200)
      assert.equal((await new FormBrowser(server.url).signIn('bob')).at, '/account')

      // An invitation that policies refuse here and now is not used up.
      assert.equal((await apply(api, forbids('context.factors.contains("link")'))).status, 200)
      const dave = (await api('POST', '/api/users', { organizationId: await homeOf(api), username: 'dave' })).body.id
      const { token } = (await api('POST', `/api/users/${dave}/invitation-link`)).body
      const enrol = async () => {
        const browser = await new FormBrowser(server.url).open('/invitation')
        await browser.submit('/invitation', { token })
        await browser.open('/enrol/password')
        return browser.submit('/enrol/password', { password: goodPassword, again: goodPassword })
      }
      assert.equal((await enrol()).status, 403)
      assert.equal((await apply(api, {})).status, 200)
      assert.equal((await enrol()).at, '/account')
      const { items } = (await api('GET', `${url}/history`)).body
      assert.deepEqual(
        items.map((one: { kind: string }) => one.kind),
        ['apply', 'apply', 'rollback', 'apply', 'apply'],
      )
      const shown = (await api('GET', url)).body.files
      assert.deepEqual(shown, {})
    }),
)

onEachEngine('country, risk and the organization’s time zone are what they say', (scratch) => {
  const file = join(scratch.directory, 'country.mmdb')
  writeFileSync(file, countryData({ '203.0.113.0/24': 'DE', '198.51.100.0/25': 'JP' }))
  return inServer(
    scratch,
    async (house) => {
      const { api, server } = house
      await makeUser(api, 'alice')
      const home = await homeOf(api)
      const fine = async (files: Record<string, string>) => {
        const { status, body } = await apply(api, files)
        assert.equal(status, 200, JSON.stringify(body))
      }
      const from = async (address: string) => (await new BrowserAt(server.url, address).signIn('alice')).status
      await fine(forbids('!(context has country && context.country == "DE")'))
      assert.equal(await from('203.0.113.9'), 200)
      assert.equal(await from('198.51.100.9'), 403)
      assert.equal(await from('198.51.100.200'), 403, 'an address that the data set does not know')

      await fine(forbids('context.risks.contains("new_country")'))
      assert.equal(await from('203.0.113.10'), 200)
      assert.equal(await from('198.51.100.9'), 403)
      await fine(forbids('context.risks.contains("failures") && context.risk == 2'))
      assert.equal(await from('203.0.113.10'), 200)
      await new BrowserAt(server.url, '203.0.113.77').signIn('alice', 'not the password')
      assert.equal(await from('203.0.113.10'), 403)

      await fine(forbids('context.hour == 5'))
      moveTo(house, 20)
      assert.equal(await from('203.0.113.9'), 200)
      const settings = { signIn: { timeZone: 'Asia/Tokyo' } }
      assert.equal((await api('PATCH', `/api/organizations/${home}`, { settings })).status, 200)
      assert.equal(await from('203.0.113.9'), 403)
      const bad = await api('PATCH', `/api/organizations/${home}`, { settings: { signIn: { timeZone: 'Mars' } } })
      assert.equal(bad.body.code, 'directory.invalid')

      // A data set that cannot be read leaves nothing to decide upon.
      writeFileSync(file, 'no data set')
      house.clock.advanceMs(120_000)
      assert.equal(await from('203.0.113.9'), 403)
    },
    { ...behindProxy, GATEHOUSE_COUNTRY_FILE: file },
  )
})

onEachEngine('an application asks for what its policy names, of a session that there is too, once', (scratch) =>
  inServer(scratch, async (house) => {
    const { api, server, clock } = house
    const alice = await withApp(house, 'alice')
    await makeUser(api, 'bob')
    const made = await api('POST', '/api/applications', {
      organizationId: await homeOf(api),
      name: 'payroll',
      kind: 'web',
      redirectUris: ['https://payroll.example/callback'],
      consentRequired: false,
    })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const application = made.body.id
    const opens = `context has application && context.application == Application::"${application}"`
    const lacks = '&& !context.factors.contains("totp")'
    assert.equal((await apply(api, forbids(`${opens} ${lacks}`, '@require("totp")'))).status, 200)
    const { challenge } = pkce()
    const authorize = `/oauth/authorize?${new URLSearchParams({
      ...{ client_id: application, redirect_uri: 'https://payroll.example/callback', response_type: 'code' },
      ...{ scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256', state: 'st' },
    })}`
    /** Where an address leads this browser to, up to a page or the application. */
    const lead = async (browser: FormBrowser, from: string): Promise<URL> => {
      let at = new URL(from, server.url)
      for (let hops = 0; hops < 6 && at.origin === server.url; hops++) {
        const answer = await browser.get(at)
        const location = answer.headers.get('location')
        await answer.arrayBuffer()
        if (location === null) break
        at = new URL(location, at)
      }
      return at
    }

    // Bob has a session and no app: asked once more, then the application hears no.
    const bob = await new FormBrowser(server.url).signIn('bob')
    assert.equal(bob.at, '/account')
    const asked = await lead(bob, authorize)
    assert.equal(asked.pathname, '/sign-in')
    // The provider's own times are the machine's.
    clock.advanceMs(60_000)
    await bob.signIn('bob', undefined, asked.search)
    assert.equal(bob.status, 403)
    assert.match(bob.text, /asks for an authenticator app too, which you do not have/)
    await bob.signIn('bob', undefined, '?reauthenticate=yes')
    assert.equal(bob.at, '/account', 'for anything else it is enough')
    const told = await lead(bob, asked.searchParams.get('return_to') as string)
    assert.equal(told.searchParams.get('error'), 'access_denied', told.href)

    // Alice shows her app and gets in.
    const browser = new FormBrowser(server.url)
    const page = await lead(browser, authorize)
    clock.advanceMs(30_000)
    await browser.signIn('alice', undefined, page.search)
    const code = new TOTP({ secret: alice.secret }).generate({ timestamp: clock.nowMs() })
    await browser.submit('/sign-in/factor', { code })
    const onward = await lead(browser, page.searchParams.get('return_to') as string)
    assert.equal(onward.origin, 'https://payroll.example', onward.href)
    assert.ok(onward.searchParams.has('code'), onward.href)
  }),
)

test('addresses and local times are spelled as policies read them', () => {
  assert.equal(plainAddress('::ffff:203.0.113.9'), '203.0.113.9')
  assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1')
  assert.deepEqual(localTime(Date.UTC(2026, 0, 4, 23, 30), 'Europe/Berlin'), { hour: 0, weekday: 1 })
  assert.deepEqual(localTime(Date.UTC(2026, 0, 4, 23, 30)), { hour: 23, weekday: 7 })
})
