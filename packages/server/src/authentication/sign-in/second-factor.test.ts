import assert from 'node:assert/strict'
import { TOTP } from 'otpauth'
import type { UserId } from '#kernel'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { type Api, apiOf, FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'
import { holdToFactors } from '../sessions/hold-to-factors.ts'

const codeAt = (secret: string, timestamp: number) => new TOTP({ secret }).generate({ timestamp })
const secretOn = (browser: FormBrowser) =>
  (/<code class="secret">([^<]*)</.exec(browser.page)?.[1] as string).replaceAll(' ', '')

const makeAdministrator = async (api: Api, userId: string) => {
  const granted = await api('POST', '/api/grants', {
    role: 'auditor',
    principal: { type: 'User', id: userId },
    resource: { type: 'Gatehouse::Deployment', id: 'gatehouse' },
    why: 'test',
  })
  assert.equal(granted.status, 201, JSON.stringify(granted.body))
}

onEachEngine('from the grant on, an administrator with one factor is refused until there is a second', (scratch) =>
  inServer(scratch, async ({ server, api, clock }) => {
    const id = await makeUser(api, 'alice')
    const browser = await new FormBrowser(server.url).signIn('alice')
    assert.equal((await apiOf(server, browser)('GET', '/api/me')).status, 200)
    await makeAdministrator(api, id)
    await until(async () => (await apiOf(server, browser)('GET', '/api/me')).status === 401)
    const refused = await apiOf(server, browser)('GET', '/api/me')
    assert.equal(refused.body.code, 'authentication.second_factor_needed')

    // An access token that stands on such a session is held to the same.
    const hold = holdToFactors(server.authentication.services)
    for (const acr of [undefined, 'made up', 'urn:gatehouse:acr:1'])
      await assert.rejects(hold(id as UserId, { acr }), { code: 'authentication.second_factor_needed' })
    await hold(id as UserId, { acr: 'urn:gatehouse:acr:2', amr: ['pwd', 'otp', 'mfa'] })
    await hold(id as UserId, { acr: 'phr' })

    await browser.signIn('alice')
    assert.equal(browser.at, '/enrol')
    assert.match(browser.text, /a password alone is not enough/)
    await browser.open('/enrol/password')
    assert.equal(browser.at, '/enrol')
    await browser.open('/enrol/totp')
    const secret = secretOn(browser)
    await browser.submit('/enrol/totp', { code: '000000' })
    assert.equal(browser.status, 422)
    assert.equal(secretOn(browser), secret)
    await browser.submit('/enrol/totp', { code: codeAt(secret, clock.nowMs()) })
    assert.match(browser.text, /Keep these safe/)
    assert.equal((await apiOf(server, browser)('GET', '/api/me')).status, 200)
    const [session] = (await apiOf(server, browser)('GET', '/api/me/sessions')).body.items
    assert.deepEqual(session.amr, ['pwd', 'otp', 'mfa'])
    assert.equal(session.acr, 'urn:gatehouse:acr:2')
  }),
)

onEachEngine('a code is taken once (RFC 6238 5.2), a recovery code too, and the steps cannot be skipped', (scratch) =>
  inServer(scratch, async ({ server, api, clock }) => {
    await makeUser(api, 'alice')
    const home = await new FormBrowser(server.url).signIn('alice')
    await home.open('/account/totp')
    const secret = secretOn(home)
    await home.submit('/account/totp', { code: codeAt(secret, clock.nowMs()) })
    assert.equal(home.at, '/account?done=totp')
    await home.submit('/account/recovery-codes', {})
    const codes = [...home.page.matchAll(/<li>([a-z0-9-]{19})<\/li>/g)].map((match) => match[1] as string)
    assert.equal(codes.length, 10)

    const browser = await new FormBrowser(server.url).signIn('alice')
    assert.equal(browser.at, '/sign-in/factor')
    assert.equal(browser.cookie('gatehouse-session'), undefined)
    await browser.submit('/sign-in/factor', { code: codeAt(secret, clock.nowMs()) })
    assert.equal(browser.status, 401, 'the step that enrolled it is used')
    clock.advanceMs(30_000)
    const code = codeAt(secret, clock.nowMs())
    await browser.submit('/sign-in/factor', { code })
    assert.equal(browser.at, '/account')
    const replay = await new FormBrowser(server.url).signIn('alice')
    await replay.submit('/sign-in/factor', { code })
    assert.equal(replay.status, 401)

    await replay.open('/sign-in/recovery')
    await replay.submit('/sign-in/recovery', { code: (codes[0] as string).toUpperCase().replaceAll('-', ' ') })
    assert.equal(replay.at, '/account')
    assert.match(replay.text, /9 left/)
    const again = await new FormBrowser(server.url).signIn('alice')
    await again.open('/sign-in/recovery')
    await again.submit('/sign-in/recovery', { code: codes[0] as string })
    assert.equal(again.status, 401)

    const skipping = await new FormBrowser(server.url).open('/sign-in')
    await skipping.submit('/sign-in', { login: 'alice' })
    const values = skipping.fields('/sign-in/password')
    const sent = await skipping.post(
      `${server.url}/sign-in/factor`,
      { ...values, code: codeAt(secret, clock.nowMs() + 30_000) },
      { origin: server.url },
    )
    assert.equal(sent.status, 409)
  }),
)

onEachEngine('where the organization asks everyone for a second factor, everyone is asked', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    await makeUser(api, 'alice')
    const [home] = (await api('GET', '/api/organizations')).body.items
    const changed = await api('PATCH', `/api/organizations/${home.id}`, {
      settings: { signIn: { secondFactor: 'everyone' } },
    })
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    assert.equal((await new FormBrowser(server.url).signIn('alice')).at, '/enrol')
    await api('PATCH', `/api/organizations/${home.id}`, { settings: { signIn: { factors: ['passkey'] } } })
    assert.equal((await new FormBrowser(server.url).signIn('alice', goodPassword)).status, 401)
  }),
)

onEachEngine(
  'what a password proved does not outlive it, nor the time without a second factor (OWASP ASVS 6.3)',
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      await makeUser(api, 'alice')
      const bob = await makeUser(api, 'bob')
      const [home] = (await api('GET', '/api/organizations')).body.items
      await api('PATCH', `/api/organizations/${home.id}`, { settings: { signIn: { secondFactor: 'everyone' } } })
      const enrol = async (browser: FormBrowser) => {
        assert.equal(browser.at, '/enrol')
        await browser.open('/enrol/totp')
        return secretOn(browser)
      }
      const finish = async (browser: FormBrowser, secret: string) =>
        browser.submit('/enrol/totp', { code: codeAt(secret, clock.nowMs()) })
      const waiting = async (username: string) => {
        const thief = await new FormBrowser(server.url).signIn(username)
        return { thief, secret: await enrol(thief) }
      }

      const first = await waiting('alice')
      const alice = await new FormBrowser(server.url).signIn('alice')
      await finish(alice, await enrol(alice))
      assert.match(alice.text, /Keep these safe/)
      await finish(first.thief, first.secret)
      assert.equal(first.thief.status, 409, 'she has a second factor by now')
      assert.equal(first.thief.cookie('gatehouse-session'), undefined)

      const second = await waiting('bob')
      assert.equal((await api('POST', `/api/users/${bob}/reset-factors`)).status, 201)
      await finish(second.thief, second.secret)
      assert.equal(second.thief.status, 409, 'the password is gone')
      assert.equal(second.thief.cookie('gatehouse-session'), undefined)
    }),
)
