import assert from 'node:assert/strict'
import { decodeJwt } from 'jose'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { withMail } from '../../../test/support/mail.ts'
import { FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'
import { pkce } from '../../../test/support/token-flow.ts'

onEachEngine(
  'email_verified is true once the person has shown that they read the address, or an administrator says so, and of no other address (OIDC Core 5.1)',
  (scratch) =>
    withMail(scratch, async ({ server, api }, mail) => {
      const [home] = (await api('GET', '/api/organizations')).body.items
      const settings = { account: { editEmail: true }, registration: { open: true, domains: ['*'], approval: 'none' } }
      const opened = await api('PATCH', `/api/organizations/${home.id}`, { settings })
      assert.equal(opened.status, 200, JSON.stringify(opened.body))
      const redirectUri = 'https://app.example/callback'
      const made = await api('POST', '/api/applications', {
        ...{
          organizationId: home.id,
          name: 'spa',
          ...{ kind: 'web', authMethod: 'none' },
          redirectUris: [redirectUri],
          consentRequired: false,
        },
      })
      assert.equal(made.status, 201, JSON.stringify(made.body))
      const client = made.body.id as string
      /** What an application is told of the address. */
      const claims = async (browser: FormBrowser) => {
        const { verifier, challenge } = pkce()
        const query = new URLSearchParams({
          ...{ client_id: client, redirect_uri: redirectUri, response_type: 'code', scope: 'openid email' },
          ...{ code_challenge: challenge, code_challenge_method: 'S256' },
        })
        const onward = await browser.get(`${server.url}/oauth/authorize?${query}`)
        const code = new URL(onward.headers.get('location') as string, server.url).searchParams.get('code') as string
        const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri }
        const answer = await fetch(`${server.url}/oauth/token`, {
          method: 'POST',
          headers: { origin: 'https://app.example' },
          body: new URLSearchParams({ ...form, client_id: client }),
        })
        const body = (await answer.json()) as { access_token: string; id_token: string }
        const headers = { authorization: `Bearer ${body.access_token}` }
        const told = await fetch(`${server.url}/oauth/userinfo`, { headers })
        const info = told.status === 200 ? ((await told.json()) as Record<string, unknown>) : decodeJwt(body.id_token)
        return [info.email, info.email_verified]
      }
      const letterTo = async (address: string, shape: RegExp): Promise<string> => {
        const find = () =>
          mail.letters
            .filter((letter) => letter.includes(`To: ${address}`))
            .flatMap((letter) => shape.exec(letter)?.[1] ?? [])
        await until(async () => find().length > 0)
        return find().at(-1) as string
      }

      const id = await makeUser(api, 'alice')
      const path = `/api/users/${id}`
      assert.equal((await api('PATCH', path, { email: 'alice@example.com' })).status, 200)
      const alice = await new FormBrowser(server.url).signIn('alice')
      assert.deepEqual(await claims(alice), ['alice@example.com', false])

      // By an administrator, until the address is another.
      const said = await api('PATCH', path, { emailVerified: true })
      assert.equal(said.body.emailVerified, true)
      assert.deepEqual(await claims(alice), ['alice@example.com', true])
      const [event] = (await api('GET', `/api/events?type=directory.user_updated&objectId=${id}`)).body.items
      assert.deepEqual(event.data.changed, ['emailVerified'])
      const moved = await api('PATCH', path, { email: 'alice@example.org' })
      assert.equal(moved.body.emailVerified, false)
      const back = await api('PATCH', path, { email: 'alice@example.com' })
      assert.equal(back.body.emailVerified, false, 'nor is it again for having been once')
      assert.equal((await api('PATCH', path, { email: null, emailVerified: true })).body.emailVerified, false)
      await api('PATCH', path, { email: 'alice@example.com' })
      assert.deepEqual(await claims(alice), ['alice@example.com', false])

      // By a letter that was read: a forgotten password, an address of one's own choosing, an account of one's own making.
      const forgetful = new FormBrowser(server.url)
      await forgetful.open('/sign-in')
      await forgetful.submit('/sign-in', { login: 'alice' })
      await forgetful.open('/forgotten')
      await forgetful.submit('/forgotten', {})
      const token = await letterTo('alice@example.com', /\/recovery#([\w-]{43})/)
      await forgetful.open('/recovery')
      await forgetful.submit('/recovery', { token })
      const password = 'seven quiet otters juggle'
      await forgetful.submit('/recovery/password', { password, again: password })
      const again = await new FormBrowser(server.url).signIn('alice', password)
      assert.deepEqual(await claims(again), ['alice@example.com', true])

      await again.open('/account/profile')
      await again.submit('/account/profile/email', { email: 'ada@example.net' })
      const confirm = await letterTo('ada@example.net', /\/account\/email#([\w-]{43})/)
      await again.open('/account/email')
      await again.submit('/account/email', { token: confirm })
      assert.equal(again.at, '/account?done=email')
      assert.deepEqual(await claims(again), ['ada@example.net', true])

      const eve = new FormBrowser(server.url)
      await eve.open('/register')
      await eve.submit('/register', { email: 'eve@example.net' })
      const proof = await letterTo('eve@example.net', /\/register\/confirm#([\w-]{43})/)
      await eve.open('/register/confirm')
      await eve.submit('/register/confirm', { token: proof })
      await eve.submit('/register/details', { name: 'Eve', username: 'eve' })
      await eve.open('/enrol/password')
      await eve.submit('/enrol/password', { password: goodPassword, again: goodPassword })
      assert.deepEqual(await claims(await new FormBrowser(server.url).signIn('eve')), ['eve@example.net', true])

      // What was taken away with the factors has to be shown again.
      assert.equal((await api('POST', `${path}/reset-factors`)).status, 201)
      assert.equal((await api('GET', path)).body.emailVerified, false)
    }),
)
