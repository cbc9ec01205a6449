import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer } from '../../../test/support/house.ts'
import { FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'

const lookalikes = {
  'a Cyrillic a': '\u0430lice@example.com',
  'a Cyrillic a in the domain': 'alice@ex\u0430mple.com',
  'a dotless i': 'al\u0131ce@example.com',
  'a zero-width space': 'al\u200bice@example.com',
  'a combining mark': 'ali\u0327ce@example.com',
  'a right-to-left override': '\u202ealice@example.com',
}

onEachEngine(
  'case and width never matter to a login (RFC 8265 3.3), and what only looks like an address is not it: refused as an address, unknown as a login (UTS 39)',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      const id = await makeUser(api, 'alice')
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const { headers } = await api('GET', `/api/users/${id}`)
      const etag = headers.get('etag') as string
      const named = await api('PATCH', `/api/users/${id}`, { email: 'alice@example.com' }, { 'if-match': etag })
      assert.equal(named.status, 200)
      for (const login of ['ALICE', 'Alice@EXAMPLE.com', '  alice@example.com  ', '\uff41lice'])
        assert.equal((await new FormBrowser(server.url).signIn(login)).at, '/account', login)
      for (const [what, login] of Object.entries(lookalikes)) {
        const browser = await new FormBrowser(server.url).signIn(login, goodPassword)
        assert.equal(browser.cookie('gatehouse-session'), undefined, what)
        assert.equal(browser.status, 401, what)
        const made = await api('POST', '/api/users', { organizationId: home, username: 'mallory', email: login })
        // Another domain may be somebody's; it is shown as what it is.
        if (what === 'a Cyrillic a in the domain') assert.match(made.body.email, /^alice@xn--/)
        else assert.equal(made.status, 400, what)
      }
      const taken = await api('POST', '/api/users', {
        organizationId: home,
        username: 'bob',
        email: 'ALICE@Example.COM',
      })
      assert.equal(taken.status, 409)
    }),
)
