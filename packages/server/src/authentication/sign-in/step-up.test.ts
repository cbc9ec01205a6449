import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { TOTP } from 'otpauth'
import { newId, systemEntropy } from '#kernel'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer } from '../../../test/support/house.ts'
import { apiOf, FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'
import { insertPasskey } from '../passkeys/passkey.store.ts'

const [one, two, phr] = ['urn:gatehouse:acr:1', 'urn:gatehouse:acr:2', 'phr'] as const
const redirectUri = 'https://app.example/callback'
const verifier = 'v'.repeat(43)

onEachEngine(
  'a sign-in that is asked for a strength (acr) goes on at once only with a session that has it, and asks for what reaches it (RFC 9470 5)',
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      const userId = await makeUser(api, 'alice')
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const app = await api('POST', '/api/applications', {
        organizationId: home,
        name: 'docs',
        kind: 'web',
        authMethod: 'none',
        consentRequired: false,
        redirectUris: [redirectUri],
      })
      assert.equal(app.status, 201, JSON.stringify(app.body))
      const browser = await new FormBrowser(server.url).signIn('alice')
      const wanting = (acr: string) => `/sign-in?${new URLSearchParams({ acr, return_to: '/account' })}`
      const acrNow = async () => (await apiOf(server, browser)('GET', '/api/me/sessions')).body.items[0].acr
      const signInAgain = async () => {
        await browser.submit('/sign-in', { login: 'alice' })
        return browser.submit('/sign-in/password', { password: goodPassword })
      }
      for (const acr of [one, 'made up']) {
        await browser.open(wanting(acr))
        assert.equal(browser.at, '/account', `${acr}: the session is enough`)
      }
      await browser.open(wanting(two))
      assert.match(browser.text, /asks for a stronger proof/)
      await signInAgain()
      assert.equal(browser.at, '/account', 'who has nothing stronger goes on: who asked decides what that is worth')
      assert.equal(await acrNow(), one)

      await browser.open('/account/totp')
      const secret = (/<code class="secret">([^<]*)</.exec(browser.page)?.[1] as string).replaceAll(' ', '')
      const code = () => {
        clock.advanceMs(30_000)
        return new TOTP({ secret }).generate({ timestamp: clock.nowMs() })
      }
      await browser.submit('/account/totp', { code: new TOTP({ secret }).generate({ timestamp: clock.nowMs() }) })
      assert.equal(await acrNow(), one)

      // The way of an application that needs more than it got (RFC 9470 §4): the second factor, and the answer says so.
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      const request = new URLSearchParams({
        ...{
          client_id: app.body.id,
          response_type: 'code',
          redirect_uri: redirectUri,
          scope: 'openid',
          acr_values: two,
        },
        ...{ code_challenge: challenge, code_challenge_method: 'S256' },
      })
      await browser.open(`/oauth/authorize?${request}`)
      assert.match(browser.at, /^\/sign-in\?.*acr=urn/)
      await signInAgain()
      assert.equal(browser.at, '/sign-in/factor')
      await browser.submit('/sign-in/factor', { code: code() })
      const onward = /<a [^>]*href="(\/oauth\/authorize\/[^"]+)"/.exec(browser.page)?.[1]
      assert.ok(onward, browser.page)
      const back = await browser.get(server.url + onward)
      const location = new URL(back.headers.get('location') as string)
      const body = new URLSearchParams({
        ...{ grant_type: 'authorization_code', code: location.searchParams.get('code') as string },
        ...{ client_id: app.body.id, redirect_uri: redirectUri, code_verifier: verifier },
      })
      const tokens = (await (await fetch(`${server.url}/oauth/token`, { method: 'POST', body })).json()) as {
        access_token: string
      }
      assert.equal(decodeJwt(tokens.access_token).acr, two, JSON.stringify(tokens))
      assert.equal(await acrNow(), two)
      await browser.open(wanting(two))
      assert.equal(browser.at, '/account', 'and at once the next time')

      // A passkey is what `phr` asks for, of whoever has one; the code of an app does not do.
      await browser.open(wanting(phr))
      await signInAgain()
      await browser.submit('/sign-in/factor', { code: code() })
      assert.equal(browser.at, '/account', 'without a passkey the second factor is the most there is')
      await server.storage.transact((tx) =>
        insertPasskey(tx, {
          ...{ id: newId('pk', { clock, entropy: systemEntropy }), organizationId: home, userId: userId as never },
          ...{ credentialId: 'AAAA', publicKey: new Uint8Array(8), counter: 0, transports: [], name: 'key' },
          ...{ backedUp: false, aaguid: '', addedAtMs: clock.nowMs(), usedAtMs: undefined },
        }),
      )
      await browser.open(wanting(phr))
      await signInAgain()
      assert.equal(browser.at, '/sign-in/factor')
      assert.ok(!browser.page.includes('name="code"'), 'no field for a code')
      assert.match(browser.page, /data-passkey="authenticate"/)
      const before = browser.fields('/sign-in/passkey')
      const sent = await browser.post(
        `${server.url}/sign-in/factor`,
        { csrf: before.csrf as string, attempt: before.attempt as string, code: code() },
        { origin: server.url },
      )
      assert.equal(
        sent.headers.get('location'),
        '/sign-in/factor',
        'a code that is right leads to the passkey all the same',
      )
      assert.equal(await acrNow(), two)
    }),
)
