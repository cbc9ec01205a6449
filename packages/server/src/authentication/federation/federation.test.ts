import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { type House, inServer, until } from '../../../test/support/house.ts'
import { apiOf, FormBrowser, makeUser } from '../../../test/support/people.ts'
import { departureOf, goThrough, throughProvider, Upstream } from '../../../test/support/upstream.ts'

const outgoing = { GATEHOUSE_OUTGOING_ALLOW: '127.0.0.1' }

/** The home organization with a provider that is a bare `oidc-provider`. */
async function withUpstream(
  { api, server }: House,
  more: Record<string, unknown> = {},
): Promise<{ upstream: Upstream; id: string; home: string }> {
  const home = (await api('GET', '/api/organizations')).body.items[0].id as string
  const upstream = await Upstream.open()
  const made = await api('POST', '/api/providers', {
    organizationId: home,
    name: 'corp',
    displayName: 'Acme Corp',
    issuer: upstream.url,
    clientId: upstream.clientId,
    authMethod: 'client_secret_basic',
    ...more,
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const { id } = made.body
  assert.equal((await api('PUT', `/api/providers/${id}/secret`, { secret: upstream.secret })).status, 204)
  await upstream.register([`${server.url}/sign-in/federated/${id}`])
  return { upstream, id, home }
}

const start = async (browser: FormBrowser, query = '') => {
  await browser.open(`/sign-in${query}`)
  return browser.submit('/sign-in/provider', {})
}
const link = async (browser: FormBrowser, id: string) => {
  await browser.open('/account')
  await browser.submit(`/account/identities/${id}/link`, {})
  return goThrough(browser)
}
/** The events of a type, once there are as many: on PostgreSQL they get their positions after the commit. */
async function eventsOf({ api }: House, type: string, count = 1) {
  const list = async () => (await api('GET', `/api/events?type=${type}`)).body.items
  await until(async () => (await list()).length >= count)
  return list()
}

onEachEngine('a person links an identity in a fresh session, signs in by it, sees it, and takes it away', (scratch) =>
  inServer(
    scratch,
    async (house) => {
      const { api, server } = house
      const { upstream, id } = await withUpstream(house)
      try {
        const alice = await makeUser(api, 'alice')
        const browser = await new FormBrowser(server.url).signIn('alice')
        await browser.open('/account')
        assert.match(browser.text, /Acme Corp Not linked/)
        await link(browser, id)
        assert.equal(browser.at, '/account?done=linked')
        assert.match(browser.text, /alice@corp\.example · Linked/)
        const [event] = await eventsOf(house, 'authentication.identity_linked')
        assert.deepEqual(event.data, {
          provider: 'corp',
          by: 'self',
          subject: '248289761001',
          email: 'alice@corp.example',
        })

        const other = await start(new FormBrowser(server.url))
        const address = departureOf(other)
        assert.equal(address.origin, upstream.url)
        assert.equal(address.searchParams.get('code_challenge_method'), 'S256')
        await goThrough(other)
        assert.equal(other.at, '/account', other.text)
        const sessions = (await apiOf(server, other)('GET', '/api/me/sessions')).body.items
        assert.ok(
          sessions.some(({ amr }: { amr: string[] }) => amr.join() === 'fed'),
          JSON.stringify(sessions),
        )
        const signedIn = await eventsOf(house, 'authentication.signed_in')
        assert.equal(signedIn[0].data.provider ?? signedIn.at(-1).data.provider, 'corp')

        const seen = (await api('GET', `/api/users/${alice}/identities`)).body.items
        assert.equal(seen[0].subject, '248289761001')
        const exported = JSON.parse(await (await browser.get(`${server.url}/account/data.json`)).text())
        assert.equal(exported.linkedIdentities[0].subject, '248289761001')

        // Taken away, it ends what came by it and signs nobody in.
        await browser.open('/account')
        await browser.submit(`/account/identities/${seen[0].id}/unlink`, {})
        assert.equal(browser.at, '/account?done=unlinked')
        await until(async () => (await apiOf(server, other)('GET', '/api/me')).status === 401)
        const again = await goThrough(await start(new FormBrowser(server.url)))
        assert.equal(again.status, 403)
        assert.match(again.text, /No account here is linked/)
      } finally {
        await upstream.close()
      }
    },
    outgoing,
  ),
)

onEachEngine(
  'an equal e-mail address links nobody: what a provider says of an address is no proof of an account',
  (scratch) =>
    inServer(
      scratch,
      async (house) => {
        const { api, server } = house
        const { upstream, id, home } = await withUpstream(house, { provisions: true, domains: ['corp.example'] })
        try {
          const alice = await makeUser(api, 'alice')
          assert.equal((await api('PATCH', `/api/users/${alice}`, { email: 'alice@corp.example' })).status, 200)
          const stranger = await goThrough(await start(new FormBrowser(server.url)))
          assert.equal(stranger.status, 403)
          assert.match(stranger.text, /There is an account here with your e-mail address/)
          assert.equal((await api('GET', `/api/users/${alice}/identities`)).body.items.length, 0)

          // Unknown people: not without a verified address, not of another domain, and by default they wait.
          for (const account of [
            { sub: '1', email: 'bob@corp.example', email_verified: false },
            { sub: '1', email: 'bob@elsewhere.example', email_verified: true },
            { sub: '1' },
          ]) {
            upstream.account = account
            const refused = await goThrough(await start(new FormBrowser(server.url)))
            assert.match(refused.text, /No account here is linked/, JSON.stringify(account))
          }
          upstream.account = { sub: '2', email: 'Bob@corp.example', email_verified: true, name: 'Bob' }
          const waits = await goThrough(await start(new FormBrowser(server.url)))
          assert.match(waits.text, /An administrator opens your account/)
          const [asked] = (await api('GET', `/api/organizations/${home}/registrations`)).body.items
          assert.equal(asked.email, 'bob@corp.example')
          const approved = await api('POST', `/api/organizations/${home}/registrations/${asked.id}/approve`)
          assert.equal(approved.status, 201, JSON.stringify(approved.body))
          const bob = await goThrough(await start(new FormBrowser(server.url)))
          assert.equal(bob.at, '/account', bob.text)
          assert.equal((await api('GET', `/api/users/${approved.body.userId}`)).body.state, 'active')

          // Where the organization approves of all, they are in at once.
          const changed = await api('PATCH', `/api/organizations/${home}`, {
            settings: { registration: { approval: 'none' } },
          })
          assert.equal(changed.status, 200, JSON.stringify(changed.body))
          upstream.account = { sub: '3', email: 'carol@corp.example', email_verified: true, name: 'Carol' }
          const carol = await goThrough(await start(new FormBrowser(server.url)))
          assert.equal(carol.at, '/account', carol.text)
          assert.match(carol.text, /Carol carol@corp\.example/)

          // Offered by the domain of what was typed, whoever it is, and carried on.
          const typed = await new FormBrowser(server.url).open('/sign-in')
          await typed.submit('/sign-in', { login: 'nobody@elsewhere.example' })
          assert.doesNotMatch(typed.page, /sign-in\/provider/)
          await typed.open('/sign-in?restart=1')
          await typed.submit('/sign-in', { login: 'nobody@corp.example' })
          await typed.submit('/sign-in/provider', {})
          assert.equal(departureOf(typed).searchParams.get('login_hint'), 'nobody@corp.example')

          // Whoever is erased leaves no link behind.
          const carolId = (await api('GET', '/api/users?username=carol@corp.example')).body.items[0].id
          for (const [method, verb] of [
            ['POST', '/deactivate'],
            ['DELETE', ''],
          ] as const)
            assert.ok(
              (await api(method, `/api/users/${carolId}${verb}`, method === 'POST' ? {} : undefined)).status < 300,
            )
          const rows = () =>
            server.storage.db.selectFrom('linked_identities').select('id').where('user_id', '=', carolId).execute()
          await until(async () => (await rows()).length === 0)

          // What one person has linked, no other can link.
          upstream.account = { sub: '2' }
          const signedIn = await new FormBrowser(server.url).signIn('alice')
          await link(signedIn, id)
          assert.equal(signedIn.status, 409)
          assert.match(signedIn.text, /linked to another account here/)
        } finally {
          await upstream.close()
        }
      },
      outgoing,
    ),
)

onEachEngine('a journey belongs to one browser, is used once, and ends with time', (scratch) =>
  inServer(
    scratch,
    async (house) => {
      const { api, server, clock } = house
      const { upstream, id } = await withUpstream(house)
      try {
        await makeUser(api, 'alice')
        const browser = await new FormBrowser(server.url).signIn('alice')
        await link(browser, id)

        // Stolen on the way: another browser gets nothing, and the first still comes in.
        const victim = await start(new FormBrowser(server.url))
        const back = await throughProvider(victim)
        const thief = await new FormBrowser(server.url).open('/sign-in')
        await thief.open(back.pathname + back.search)
        assert.equal(thief.status, 409)
        assert.match(thief.text, /began in another browser/)
        await victim.open(back.pathname + back.search)
        assert.equal(victim.at, '/account')
        // Brought again by who is in, it is a page gone back to; by a browser without a session, nothing.
        assert.equal((await victim.open(back.pathname + back.search)).at, '/account')
        victim.set('gatehouse-session=')
        assert.equal((await victim.open(back.pathname + back.search)).status, 409)

        const late = await start(new FormBrowser(server.url))
        const lateBack = await throughProvider(late)
        clock.advanceMs(10 * 60_000)
        await late.open(lateBack.pathname + lateBack.search)
        assert.equal(late.status, 409)
      } finally {
        await upstream.close()
      }
    },
    outgoing,
  ),
)
