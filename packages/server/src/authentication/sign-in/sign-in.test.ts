import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { type Api, apiOf, FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'

/** What the events of a type say, once there are as many: on PostgreSQL they get their positions after the commit. */
async function eventsOf(api: Api, type: string, count: number): Promise<Record<string, unknown>[]> {
  let found: { data: Record<string, unknown> }[] = []
  await until(async () => {
    found = (await api('GET', `/api/events?type=${type}&limit=200`)).body.items
    return found.length >= count
  })
  return found.map(({ data }) => data)
}

onEachEngine('a password leads to the account page, and /api/me says who', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    const id = await makeUser(api, 'alice')
    const browser = await new FormBrowser(server.url).signIn('Alice')
    assert.equal(browser.at, '/account')
    assert.match(browser.text, /The alice/)
    const me = await apiOf(server, browser)('GET', '/api/me')
    assert.equal(me.status, 200)
    assert.equal(me.body.id, id)
    assert.equal(browser.cookie('gatehouse-flow'), undefined)
    const [event] = await eventsOf(api, 'authentication.signed_in', 1)
    assert.deepEqual(event?.methods, ['pwd'])
  }),
)

onEachEngine(
  'every failure has the same answer: wrong password, nobody of that name, one who is barred, one without a password',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      await makeUser(api, 'alice')
      const bob = await makeUser(api, 'bob')
      await api('POST', `/api/users/${bob}/suspend`)
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      await api('POST', '/api/users', { organizationId: home, username: 'carol' })
      const answers = new Set<string>()
      for (const [login, password] of [
        ['alice', 'not the password'],
        ['nobody', goodPassword],
        ['bob', goodPassword],
        ['carol', goodPassword],
      ] as const) {
        const browser = await new FormBrowser(server.url).signIn(login, password)
        assert.equal(browser.cookie('gatehouse-session'), undefined)
        answers.add(`${browser.status} ${browser.text.replaceAll(login, 'LOGIN')}`)
      }
      assert.equal(answers.size, 1, [...answers].join('\n'))
      assert.match([...answers][0] as string, /^401 .*That did not work/)
      const reasons = (await eventsOf(api, 'authentication.rejected', 4)).map(({ reason }) => reason)
      assert.deepEqual(reasons.sort(), ['barred', 'nobody of that name', 'wrong', 'wrong'])
      const recorded = JSON.stringify((await api('GET', '/api/events?limit=200')).body)
      assert.ok(!recorded.includes('nobody"') && !recorded.includes(goodPassword))
    }),
)

onEachEngine('guessing is slowed with 429 and Retry-After, alike for a name that nobody has', (scratch) =>
  inServer(scratch, async ({ server, api, clock }) => {
    await makeUser(api, 'alice')
    for (const login of ['alice', 'nobody']) {
      const browser = await new FormBrowser(server.url).open('/sign-in')
      await browser.submit('/sign-in', { login })
      for (let tries = 0; tries < 5; tries++) {
        await browser.submit('/sign-in/password', { password: 'wrong' })
        assert.equal(browser.status, 401)
      }
      await browser.submit('/sign-in/password', { password: goodPassword })
      assert.equal(browser.status, 429)
      assert.match(browser.text, /Try again in \d+ s\. A passkey works at any time/)
      clock.advanceMs(2_000)
      await browser.submit('/sign-in/password', { password: goodPassword })
      assert.equal(browser.status, login === 'alice' ? 200 : 401)
    }
  }),
)

onEachEngine('attempts are counted by outcome; the same browser trying again is told apart', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    await makeUser(api, 'alice')
    const browser = await new FormBrowser(server.url).signIn('alice', 'wrong')
    await browser.submit('/sign-in/password', { password: 'wrong again' })
    await browser.submit('/sign-in/password', { password: goodPassword })
    const shown = await server.authentication.services.meter.expose()
    for (const outcome of ['success', 'rejected', 'rejected_again'])
      assert.match(shown, new RegExp(`authentication_attempts_total\\{method="password",outcome="${outcome}"\\} 1`))
    assert.match(shown, /authentication_attempt_duration_seconds_count\{method="password",outcome="success"\} 1/)
  }),
)

onEachEngine('a form that another site could have sent is refused (OWASP ASVS 3.5.1)', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    await makeUser(api, 'alice')
    const browser = await new FormBrowser(server.url).open('/sign-in')
    const other = await new FormBrowser(server.url).open('/sign-in')
    for (const [fields, headers] of [
      [{ csrf: '' }, {}],
      [{ csrf: other.fields('/sign-in').csrf as string }, {}],
      [{}, { origin: 'https://evil.example' }],
      [{}, { origin: 'null' }],
      [{}, { 'sec-fetch-site': 'cross-site' }],
      [{}, { 'sec-fetch-site': 'same-site' }],
    ] as const) {
      await browser.open('/sign-in')
      await browser.submit('/sign-in', { login: 'alice', ...fields }, headers)
      assert.equal(browser.status, 403, JSON.stringify([fields, headers]))
    }
  }),
)

onEachEngine(
  'the session token is new at each sign-in; a token that was planted opens nothing (session fixation)',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      await makeUser(api, 'alice')
      const planted = 'A'.repeat(43)
      const browser = new FormBrowser(server.url)
      browser.set(`gatehouse-session=${planted}`)
      await browser.signIn('alice')
      const first = browser.cookie('gatehouse-session')
      assert.notEqual(first, planted)
      await browser.signIn('alice', goodPassword, '?reauthenticate=yes')
      const second = browser.cookie('gatehouse-session')
      assert.notEqual(second, first)
      const thief = new FormBrowser(server.url)
      thief.set(`gatehouse-session=${first}`)
      assert.equal((await apiOf(server, thief)('GET', '/api/me')).status, 401)
      assert.equal((await apiOf(server, browser)('GET', '/api/me/sessions')).body.items.length, 1)
    }),
)

onEachEngine('pages that were left, sent twice or belong to another attempt start again with a sentence', (scratch) =>
  inServer(scratch, async ({ server, api, clock }) => {
    await makeUser(api, 'alice')
    const left = await new FormBrowser(server.url).open('/sign-in')
    await left.submit('/sign-in', { login: 'alice' })
    clock.advanceMs(16 * 60_000)
    await left.submit('/sign-in/password', { password: goodPassword })
    assert.equal(left.status, 409)
    assert.match(left.text, /waited too long.*User name or e-mail/)

    const twice = await new FormBrowser(server.url).open('/sign-in')
    await twice.submit('/sign-in', { login: 'alice' })
    const fields = twice.fields('/sign-in/password')
    const flow = twice.cookie('gatehouse-flow') as string
    await twice.submit('/sign-in/password', { password: goodPassword })
    assert.equal(twice.at, '/account')
    twice.set(`gatehouse-flow=${flow}`)
    const again = await twice.post(
      `${server.url}/sign-in/password`,
      { ...fields, password: goodPassword },
      { origin: server.url },
    )
    assert.equal(again.status, 409)

    const tabs = await new FormBrowser(server.url).open('/sign-in')
    await tabs.submit('/sign-in', { login: 'alice' })
    const former = tabs.fields('/sign-in/password')
    await tabs.open('/sign-in')
    await tabs.submit('/sign-in', { login: 'somebody else' })
    const sent = await tabs.post(
      `${server.url}/sign-in/password`,
      { ...former, password: goodPassword },
      { origin: server.url },
    )
    assert.equal(sent.status, 409)
    assert.equal((await new FormBrowser(server.url).open('/sign-in/password')).status, 200)
  }),
)

onEachEngine('after sign-in people go where they were going, and nowhere else', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    await makeUser(api, 'alice')
    const browser = await new FormBrowser(server.url).signIn(
      'alice',
      goodPassword,
      '?return_to=%2Foauth%2Fauth%2Fx%3Fa%3D1',
    )
    assert.match(browser.page, /http-equiv="refresh" content="0;url=\/oauth\/auth\/x\?a=1"/)
    for (const evil of ['https://evil.example', '//evil.example', '/\\evil.example']) {
      const open = await new FormBrowser(server.url).signIn(
        'alice',
        goodPassword,
        `?return_to=${encodeURIComponent(evil)}`,
      )
      assert.equal(open.at, '/account')
    }
  }),
)

onEachEngine('the organization is the one named, else that of the e-mail domain, else it is asked for', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    await makeUser(api, 'alice')
    const acme = await api('POST', '/api/organizations', {
      name: 'acme',
      displayName: 'Acme',
      domains: ['acme.example'],
    })
    assert.equal(acme.status, 201, JSON.stringify(acme.body))
    const user = await api('POST', '/api/users', {
      organizationId: acme.body.id,
      username: 'dora',
      email: 'dora@acme.example',
    })
    const link = await api('POST', `/api/users/${user.body.id}/invitation-link`)
    await api('POST', '/api/enrolments', { token: link.body.token, password: goodPassword })

    assert.equal((await new FormBrowser(server.url).signIn('dora@ACME.example')).at, '/account')
    assert.equal((await new FormBrowser(server.url).signIn('dora', goodPassword, '?organization=acme')).at, '/account')
    const asked = await new FormBrowser(server.url).open('/sign-in')
    await asked.submit('/sign-in', { login: 'dora' })
    assert.match(asked.text, /Which organization/)
    await asked.submit('/sign-in', { organization: 'nowhere' })
    assert.match(asked.text, /no organization of that name/)
    await asked.submit('/sign-in', { organization: 'Acme' })
    await asked.submit('/sign-in/password', { password: goodPassword })
    assert.equal(asked.at, '/account')
    const elsewhere = await new FormBrowser(server.url).signIn('alice', goodPassword, '?organization=acme')
    assert.equal(elsewhere.status, 401)
  }),
)

onEachEngine('the same answer sent many times at once begins one session', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    const id = await makeUser(api, 'alice')
    const browser = await new FormBrowser(server.url).open('/sign-in')
    await browser.submit('/sign-in', { login: 'alice' })
    const fields = { ...browser.fields('/sign-in/password'), password: goodPassword }
    const cookie = `gatehouse-flow=${browser.cookie('gatehouse-flow')}`
    const answers = await Promise.all(
      Array.from({ length: 4 }, () =>
        fetch(`${server.url}/sign-in/password`, {
          method: 'POST',
          redirect: 'manual',
          headers: { cookie, origin: server.url },
          body: new URLSearchParams(fields),
        }),
      ),
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 409, 409, 409])
    assert.equal((await api('GET', `/api/users/${id}/sessions`)).body.items.length, 1)
  }),
)
