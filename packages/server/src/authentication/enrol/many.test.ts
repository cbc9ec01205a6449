import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer } from '../../../test/support/house.ts'
import { FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'
import { SoftwareAuthenticator } from '../../../test/support/software-authenticator.ts'
import { passkeysMost } from '../factors/write-factors.ts'

onEachEngine(
  'one person can have twenty passkeys; the next is refused with a sentence, and one that goes makes room',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      const id = await makeUser(api, 'alice')
      const browser = await new FormBrowser(server.url).signIn('alice')
      const add = async (name: string) => {
        await browser.open('/account/passkeys/new')
        const options = /data-options="([^"]*)"/.exec(browser.page)?.[1]?.replaceAll('&quot;', '"') as string
        const credential = new SoftwareAuthenticator(server.url).register(JSON.parse(options).challenge)
        return browser.submit('/account/passkeys', { credential, name })
      }
      for (let index = 1; index <= passkeysMost; index++)
        assert.equal((await add(`Key ${index}`)).at, '/account?done=passkey', `the key number ${index}`)
      await add('One more')
      assert.equal(browser.status, 422)
      assert.match(browser.text, /as many passkeys as one person can have/)
      await browser.open('/account')
      const remove = /action="(\/account\/passkeys\/[^"]+\/remove)"/.exec(browser.page)?.[1] as string
      await browser.submit(remove, {})
      assert.equal((await add('One more')).at, '/account?done=passkey')
      assert.equal((await api('GET', `/api/users/${id}/factors`)).body.passkeys.length, passkeysMost)
    }),
)

onEachEngine(
  'a thousand enrolments at once by one link make one account; each of the others is told why not',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      const organizationId = (await api('GET', '/api/organizations')).body.items[0].id
      const { id } = (await api('POST', '/api/users', { organizationId, username: 'alice' })).body
      const { token } = (await api('POST', `/api/users/${id}/invitation-link`)).body
      const enrol = async () => {
        const response = await fetch(`${server.url}/api/enrolments`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ token, password: goodPassword }),
        })
        const { code = 'made' } = (await response.json()) as { code?: string }
        if (code === 'authentication.busy') assert.ok(Number(response.headers.get('retry-after')) > 0)
        return code
      }
      const outcomes = Map.groupBy(await Promise.all(Array.from({ length: 1_000 }, enrol)), (code) => code)
      assert.equal(outcomes.get('made')?.length, 1, JSON.stringify([...outcomes.keys()]))
      outcomes.delete('made')
      for (const code of outcomes.keys())
        assert.match(code, /^authentication\.(busy|link_invalid|throttled|already_enrolled)$/)
      assert.equal((await new FormBrowser(server.url).signIn('alice')).at, '/account')
    }),
)
