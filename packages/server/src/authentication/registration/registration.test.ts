import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { type House, inServer, until } from '../../../test/support/house.ts'
import { type MailServer, withMail } from '../../../test/support/mail.ts'
import { type Api, FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'

async function settle(api: Api, organization: string, registration: object) {
  const { headers } = await api('GET', `/api/organizations/${organization}`)
  const etag = headers.get('etag') as string
  const done = await api(
    'PATCH',
    `/api/organizations/${organization}`,
    { settings: { registration } },
    { 'if-match': etag },
  )
  assert.equal(done.status, 200, JSON.stringify(done.body))
}
const acmeOf = async (api: Api): Promise<string> =>
  (await api('POST', '/api/organizations', { name: 'acme', displayName: 'Acme', domains: ['acme.example'] })).body.id

/** Asks for an account; answers with the page. */
async function ask(server: House['server'], email: string): Promise<FormBrowser> {
  const browser = await new FormBrowser(server.url).open('/register?organization=acme')
  return browser.submit('/register', { email })
}
/** The newest letter to an address, once it is there, and the token in it. */
async function letterTo(mail: MailServer, address: string, count = 1): Promise<{ letter: string; token: string }> {
  const to = () => mail.letters.filter((letter) => letter.includes(`To: ${address}`))
  await until(async () => to().length === count)
  const letter = to().at(-1) as string
  return { letter, token: /#([\w-]{43})/.exec(letter)?.[1] ?? '' }
}
async function confirm(server: House['server'], token: string): Promise<FormBrowser> {
  const browser = await new FormBrowser(server.url).open('/register/confirm')
  return browser.submit('/register/confirm', { token })
}

onEachEngine('nobody makes an account by themselves unless the organization lets them', (scratch) =>
  withMail(scratch, async ({ server, api }) => {
    const acme = await acmeOf(api)
    for (const organization of ['acme', 'nobody', 'home']) {
      const closed = await new FormBrowser(server.url).open(`/register?organization=${organization}`)
      assert.equal(closed.status, 404)
      assert.match(closed.text, /Accounts are made by invitation/)
    }
    assert.doesNotMatch((await new FormBrowser(server.url).open('/sign-in?organization=acme')).page, /\/register/)
    await settle(api, acme, { open: true })
    const browser = await new FormBrowser(server.url).open('/sign-in?organization=acme')
    assert.match(browser.page, /\/register\?organization=acme/)
    await settle(api, acme, { open: false })
    assert.equal((await browser.open('/register?organization=acme')).status, 404)
  }),
)

onEachEngine(
  'with an administrator’s approval: confirmed, waiting, approved or refused, each told by mail',
  (scratch) =>
    withMail(scratch, async ({ server, api }, mail) => {
      const acme = await acmeOf(api)
      await settle(api, acme, { open: true })
      assert.match((await ask(server, 'ada@acme.example')).text, /If an account can be made for ada@acme\.example/)
      const { letter, token } = await letterTo(mail, 'ada@acme.example')
      assert.match(letter, /no account is made/)
      const ada = await confirm(server, token)
      assert.match(ada.text, /Your address is confirmed/)
      await ada.submit('/register/details', { name: 'Ada', username: 'not a name' })
      assert.equal(ada.status, 422)
      for (const theirs of ['ceo@acme.example', 'CEO@acme.example', 'ceo＠acme.example']) {
        await ada.submit('/register/details', { name: 'Ada', username: theirs })
        assert.equal(ada.status, 422, `nobody becomes ${theirs} to whoever asks by address`)
      }
      await ada.submit('/register/details', { name: 'Ada', username: 'ada' })
      assert.match(ada.text, /An administrator of Acme looks at each new account/)
      assert.equal((await confirm(server, token)).status, 410, 'the link works once')
      assert.equal((await api('GET', `/api/users?organizationId=${acme}`)).body.items.length, 0)

      const path = `/api/organizations/${acme}/registrations`
      const [waiting] = (await api('GET', path)).body.items
      assert.deepEqual([waiting.username, waiting.name, waiting.email], ['ada', 'Ada', 'ada@acme.example'])
      const approved = await api('POST', `${path}/${waiting.id}/approve`)
      assert.equal(approved.status, 201, JSON.stringify(approved.body))
      assert.equal((await api('POST', `${path}/${waiting.id}/approve`)).status, 404, 'decided once')
      const opened = await letterTo(mail, 'ada@acme.example', 2)
      const enrolled = await api('POST', '/api/enrolments', { token: opened.token, password: goodPassword })
      assert.equal(enrolled.status, 201, JSON.stringify(enrolled.body))
      const signedIn = new FormBrowser(server.url)
      assert.equal((await signedIn.signIn('ada@acme.example')).at, '/account')

      await ask(server, 'eve@acme.example')
      const eve = await confirm(server, (await letterTo(mail, 'eve@acme.example')).token)
      await eve.submit('/register/details', { name: 'Eve', username: 'eve' })
      const [next] = (await api('GET', path)).body.items
      assert.equal((await api('POST', `${path}/${next.id}/refuse`)).status, 204)
      assert.match((await letterTo(mail, 'eve@acme.example', 2)).letter, /decided not to open/)
      assert.deepEqual((await api('GET', path)).body.items, [])
      const types = (await api('GET', `/api/events?organizationId=${acme}&limit=200`)).body.items.map(
        (it: { type: string }) => it.type,
      )
      for (const type of ['asked', 'waiting', 'approved', 'refused'])
        assert.ok(types.includes(`authentication.registration_${type}`), type)
    }),
)

onEachEngine('without approval a confirmed address enrols at once; two links make one account', (scratch) =>
  withMail(scratch, async ({ server, api }, mail) => {
    const acme = await acmeOf(api)
    await settle(api, acme, { open: true, approval: 'none', domains: ['acme.example', 'other.example'] })
    await ask(server, 'ada@other.example')
    const first = (await letterTo(mail, 'ada@other.example')).token
    await ask(server, 'ada@other.example')
    const second = (await letterTo(mail, 'ada@other.example', 2)).token
    const ada = await confirm(server, first)
    await ada.submit('/register/details', { name: 'Ada', username: 'ada' })
    assert.equal(ada.at, '/enrol')
    await ada.open('/enrol/password')
    await ada.submit('/enrol/password', { password: goodPassword, again: goodPassword })
    assert.equal((await ada.open('/account')).status, 200)
    assert.match(ada.text, /ada@other\.example/)
    const again = await confirm(server, second)
    await again.submit('/register/details', { name: 'Ada', username: 'ada2' })
    assert.equal(again.status, 422, 'the address has an account by now')
  }),
)

onEachEngine('an address that has an account, or may not have one, is answered like any other', (scratch) =>
  withMail(scratch, async ({ server, api, clock }, mail) => {
    const acme = await acmeOf(api)
    await settle(api, acme, { open: true })
    const id = await makeUser(api, 'bob', acme)
    const { headers } = await api('GET', `/api/users/${id}`)
    await api('PATCH', `/api/users/${id}`, { email: 'bob@acme.example' }, { 'if-match': headers.get('etag') as string })
    const pages = []
    for (const email of ['new@acme.example', 'bob@acme.example', 'someone@evil.example'])
      pages.push((await ask(server, email)).text.replaceAll(email, 'X'))
    assert.deepEqual(new Set(pages).size, 1)
    const { letter, token } = await letterTo(mail, 'bob@acme.example')
    assert.match(letter, /has one already/)
    assert.equal(token, '', 'what the letter leads to signs nobody in')
    await letterTo(mail, 'new@acme.example')
    assert.ok(!mail.letters.some((each) => each.includes('evil.example')))
    const wrong = await ask(server, 'not an address')
    assert.equal(wrong.status, 400)

    let status = 200
    for (let tries = 0; tries < 30 && status === 200; tries++) status = (await ask(server, 'bob@acme.example')).status
    assert.equal(status, 429, 'nobody fills a letter box')
    clock.advanceMs(1)
  }),
)

onEachEngine('who may not invite sees no registrations and decides nothing', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    const acme = await acmeOf(api)
    const path = `${server.url}/api/organizations/${acme}/registrations`
    assert.equal((await fetch(path)).status, 401)
    assert.equal((await fetch(`${path}/reg_x/approve`, { method: 'POST' })).status, 401)
    assert.equal((await api('POST', `/api/organizations/${acme}/registrations/reg_x/refuse`)).status, 404)
  }),
)
