import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { type House, until } from '../../../test/support/house.ts'
import { type MailServer, withMail } from '../../../test/support/mail.ts'
import { apiOf, FormBrowser, makeUser } from '../../../test/support/people.ts'

const newPassword = 'seven quiet otters juggle'

async function withAddress({ api }: House, username: string): Promise<string> {
  const id = await makeUser(api, username)
  const { headers } = await api('GET', `/api/users/${id}`)
  const changed = await api(
    'PATCH',
    `/api/users/${id}`,
    { email: `${username}@example.com` },
    {
      'if-match': headers.get('etag') as string,
    },
  )
  assert.equal(changed.status, 200, JSON.stringify(changed.body))
  return id
}

async function ask({ server }: House, login: string): Promise<FormBrowser> {
  const browser = await new FormBrowser(server.url).open('/sign-in')
  await browser.submit('/sign-in', { login })
  await browser.open('/forgotten')
  return browser.submit('/forgotten', {})
}

async function tokenOf({ server }: House, mail: MailServer, count: number): Promise<string> {
  await until(async () => mail.letters.filter((letter) => letter.includes('/recovery#')).length === count)
  const letter = mail.letters.filter((one) => one.includes('/recovery#')).at(-1) as string
  return new RegExp(`${server.url}/recovery#(\\S+)`).exec(letter)?.[1] as string
}

async function recover({ server }: House, token: string, password = newPassword): Promise<FormBrowser> {
  const browser = await new FormBrowser(server.url).open('/recovery')
  await browser.submit('/recovery', { token })
  if (browser.at !== '/recovery/password') return browser
  return browser.submit('/recovery/password', { password, again: password })
}

onEachEngine(
  'a forgotten password is replaced by a letter: once, every session ends, and the person is told',
  (scratch) =>
    withMail(scratch, async (house, mail) => {
      const { server, api } = house
      await withAddress(house, 'alice')
      const before = await new FormBrowser(server.url).signIn('alice')
      const answer = await ask(house, 'alice')
      assert.match(answer.text, /letter with a link is on its way/)
      const token = await tokenOf(house, mail, 1)
      assert.equal((await api('POST', '/api/enrolments', { token, password: newPassword })).status, 410)
      assert.equal((await recover(house, token, 'password123')).status, 422)
      const done = await recover(house, token)
      assert.match(done.text, /Your password is changed/)
      assert.equal(done.cookie('gatehouse-session'), undefined)
      assert.equal((await apiOf(server, before)('GET', '/api/me')).status, 401)
      assert.equal((await new FormBrowser(server.url).signIn('alice')).status, 401)
      assert.equal((await new FormBrowser(server.url).signIn('alice', newPassword)).at, '/account')
      assert.equal((await recover(house, token)).status, 410)
      await until(async () => mail.letters.some((letter) => /^Subject: Your password was changed/m.test(letter)))
      const events = JSON.stringify((await api('GET', '/api/events?limit=200')).body)
      assert.ok(!events.includes(token) && !JSON.stringify(server.logged).includes(token))
    }),
)

onEachEngine('a letter replaces the password alone: the second factor is asked for as before (ASVS 6.4.3)', (scratch) =>
  withMail(scratch, async (house, mail) => {
    const { server, api } = house
    const id = await withAddress(house, 'alice')
    const home = (await api('GET', '/api/organizations')).body.items[0].id
    const sealed = server.authentication.services.keyring.seal('authentication.totp', Buffer.alloc(20, 1), id)
    await server.storage.transact((tx) =>
      tx
        .insertInto('totp_secrets')
        .values({ organization_id: home, user_id: id, sealed, last_step: 0, enrolled_at: 0 })
        .execute(),
    )
    await ask(house, 'alice')
    assert.match((await recover(house, await tokenOf(house, mail, 1))).text, /Your password is changed/)
    const browser = await new FormBrowser(server.url).signIn('alice', newPassword)
    assert.equal(browser.at, '/sign-in/factor')
    assert.equal(browser.cookie('gatehouse-session'), undefined)
  }),
)

onEachEngine(
  'who must have two factors and has one, has no password, or does not exist gets no letter and the same answer',
  (scratch) =>
    withMail(scratch, async (house, mail) => {
      const { api, server } = house
      const admin = await withAddress(house, 'olga')
      await withAddress(house, 'alice')
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      await api('POST', '/api/users', { organizationId: home, username: 'carol', email: 'carol@example.com' })
      const granted = await api('POST', '/api/grants', {
        role: 'auditor',
        principal: { type: 'User', id: admin },
        resource: { type: 'Gatehouse::Deployment', id: 'gatehouse' },
        why: 'test',
      })
      await server.authorization.snapshot.waitFor(granted.headers.get('consistency-token') as never, 5_000)
      const answers = new Set<string>()
      for (const login of ['olga', 'carol', 'nobody', 'alice'])
        answers.add((await ask(house, login)).text.replaceAll(login, 'LOGIN'))
      assert.equal(answers.size, 1, [...answers].join('\n'))
      await tokenOf(house, mail, 1)
      assert.deepEqual(
        mail.letters.map((letter) => /^To: (.*)$/m.exec(letter)?.[1]),
        ['alice@example.com'],
      )
      assert.ok(!JSON.stringify((await api('GET', '/api/events?limit=200')).body).includes('"nobody"'))
    }),
)

onEachEngine(
  'asking again and again fills nobody’s letter box, is slowed, and voids no letter that was sent',
  (scratch) =>
    withMail(scratch, async (house, mail) => {
      await withAddress(house, 'alice')
      const statuses: number[] = []
      for (let tries = 0; tries < 7; tries++) statuses.push((await ask(house, 'alice')).status)
      assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429])
      const token = await tokenOf(house, mail, 3)
      assert.match((await recover(house, token)).text, /Your password is changed/)
    }),
)

onEachEngine(
  'a link of a letter is good for an hour, and for nothing once an administrator reset the person',
  (scratch) =>
    withMail(scratch, async (house, mail) => {
      const { api, clock } = house
      const id = await withAddress(house, 'alice')
      await ask(house, 'alice')
      const late = await tokenOf(house, mail, 1)
      clock.advanceMs(3_600_000)
      assert.equal((await recover(house, late)).status, 410)
      await ask(house, 'alice')
      const token = await tokenOf(house, mail, 2)
      assert.equal((await api('POST', `/api/users/${id}/reset-factors`)).status, 201)
      assert.equal((await recover(house, token)).status, 410)
    }),
)
