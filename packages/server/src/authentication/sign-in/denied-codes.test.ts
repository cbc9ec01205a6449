import assert from 'node:assert/strict'
import { TOTP } from 'otpauth'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer } from '../../../test/support/house.ts'
import { FormBrowser, makeUser } from '../../../test/support/people.ts'

onEachEngine(
  'a code shown in a sign-in that policies refuse is used up: it opens nothing once they do not (RFC 6238 5.2)',
  (scratch) =>
    inServer(scratch, async (house) => {
      const { api, server, clock } = house
      await makeUser(api, 'alice')
      const enrolling = await new FormBrowser(server.url).signIn('alice')
      await enrolling.open('/account/totp')
      const secret = (/<code class="secret">([^<]*)</.exec(enrolling.page)?.[1] as string).replaceAll(' ', '')
      await enrolling.submit('/account/totp', { code: new TOTP({ secret }).generate({ timestamp: clock.nowMs() }) })
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const url = `/api/organizations/${home}/sign-in-policy`
      for (const when of ['false', 'principal.username == "alice"']) {
        const files = { 'p.cedar': `@id("p") forbid (principal, action, resource) when { ${when} };` }
        assert.equal((await api('PUT', url, { files })).status, 200)
      }
      clock.advanceMs(30_000)
      const code = new TOTP({ secret }).generate({ timestamp: clock.nowMs() })
      const refused = await new FormBrowser(server.url).signIn('alice')
      await refused.submit('/sign-in/factor', { code })
      assert.equal(refused.status, 403)
      assert.equal((await api('POST', `${url}/rollback`, {})).status, 200)
      const again = await new FormBrowser(server.url).signIn('alice')
      await again.submit('/sign-in/factor', { code })
      assert.equal(again.status, 401)
      clock.advanceMs(30_000)
      await again.submit('/sign-in/factor', {
        code: new TOTP({ secret }).generate({ timestamp: clock.nowMs() }),
      })
      assert.equal(again.at, '/account')
      const [denied, ...others] = (await api('GET', '/api/events?type=authentication.denied')).body.items
      assert.deepEqual([denied?.object.name, others.length], ['alice', 0])
    }),
)
