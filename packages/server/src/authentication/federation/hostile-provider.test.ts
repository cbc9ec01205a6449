import assert from 'node:assert/strict'
import { generateKeyPair } from 'jose'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer } from '../../../test/support/house.ts'
import { apiOf, FormBrowser, makeUser } from '../../../test/support/people.ts'
import { departureOf, goThrough, throughProvider, Upstream } from '../../../test/support/upstream.ts'

const outgoing = { GATEHOUSE_OUTGOING_ALLOW: '127.0.0.1' }
const nowSeconds = () => Math.floor(Date.now() / 1_000)

onEachEngine(
  'nothing but a right ID token for us, of now and of this journey, signs anybody in (OpenID Connect Core 3.1.3.7)',
  (scratch) =>
    inServer(
      scratch,
      async ({ api, server, clock }) => {
        const home = (await api('GET', '/api/organizations')).body.items[0].id
        const upstream = await Upstream.open()
        const make = (more: Record<string, unknown>) =>
          api('POST', '/api/providers', { organizationId: home, clientId: 'gatehouse', ...more })
        const made = await make({ name: 'corp', displayName: 'Acme Corp', issuer: upstream.url })
        const { id } = made.body
        await api('PATCH', `/api/providers/${id}`, { authMethod: 'client_secret_post' })
        await api('PUT', `/api/providers/${id}/secret`, { secret: upstream.secret })
        await upstream.register([`${server.url}/sign-in/federated/${id}`], {
          token_endpoint_auth_method: 'client_secret_post',
        })
        const started = async () => {
          clock.advanceMs(Math.max(0, Date.now() - clock.nowMs()))
          const browser = await new FormBrowser(server.url).open('/sign-in')
          return browser.submit('/sign-in/provider', {})
        }
        try {
          await makeUser(api, 'alice')
          const alice = await new FormBrowser(server.url).signIn('alice')
          await alice.open('/account')
          await alice.submit(`/account/identities/${id}/link`, {})
          await goThrough(alice)
          assert.equal((await goThrough(await started())).at, '/account')

          const stranger = await generateKeyPair('ES256')
          const shared = new TextEncoder().encode(upstream.secret.padEnd(32, '='))
          const bent: Record<string, NonNullable<Upstream['bend']>> = {
            'another nonce': ({ claims }) => ({ claims: { ...claims, nonce: 'another' } }),
            'no nonce': ({ claims: { nonce: _, ...claims } }) => ({ claims }),
            'another issuer': ({ claims }) => ({ claims: { ...claims, iss: 'https://other.example' } }),
            'another audience': ({ claims }) => ({ claims: { ...claims, aud: 'somebody' } }),
            'another authorized party': ({ claims }) => ({
              claims: { ...claims, aud: ['gatehouse', 'other'], azp: 'other' },
            }),
            'it has expired': ({ claims }) => ({ claims: { ...claims, exp: nowSeconds() - 61 } }),
            'it is of later': ({ claims }) => ({ claims: { ...claims, iat: nowSeconds() + 120 } }),
            'it is of long ago': ({ claims }) => ({ claims: { ...claims, iat: nowSeconds() - 3_600 } }),
            'no subject': ({ claims: { sub: _, ...claims } }) => ({ claims }),
            'no signature': () => ({ unsigned: true }),
            'the key of somebody else': () => ({ key: stranger.privateKey }),
            'a key that is our secret': ({ header }) => ({ header: { ...header, alg: 'HS256' }, key: shared as never }),
          }
          for (const [what, bend] of Object.entries(bent)) {
            upstream.bend = bend
            const refused = await goThrough(await started())
            assert.equal(refused.status, 502, `${what}: ${refused.at} ${refused.text}`)
            assert.match(refused.text, /Acme Corp did not answer as it should/, what)
            assert.equal((await apiOf(server, refused)('GET', '/api/me')).status, 401, what)
          }
          upstream.bend = undefined

          // Mix-up (RFC 9207 2.4): the answer says whose it is, and another's is not taken; nor a code twice.
          const mixed = await started()
          const back = await throughProvider(mixed)
          assert.equal(back.searchParams.get('iss'), upstream.url)
          back.searchParams.set('iss', 'https://other.example')
          assert.equal((await mixed.open(back.pathname + back.search)).status, 502)
          const bare = await started()
          const stripped = await throughProvider(bare)
          stripped.searchParams.delete('iss')
          assert.equal((await bare.open(stripped.pathname + stripped.search)).status, 502)
          const first = await started()
          const code = (await throughProvider(first)).searchParams.get('code') as string
          const second = await started()
          const swapped = await throughProvider(second)
          swapped.searchParams.set('code', code)
          assert.equal(
            (await second.open(swapped.pathname + swapped.search)).status,
            502,
            'a code of another journey (PKCE)',
          )

          // The person stops there.
          const stops = await started()
          const state = departureOf(stops).searchParams.get('state') as string
          const query = new URLSearchParams({
            error: 'access_denied',
            error_description: '<b>',
            state,
            iss: upstream.url,
          })
          await stops.open(`/sign-in/federated/${id}?${query}`)
          assert.equal(stops.status, 403)
          assert.match(stops.text, /You are not signed in/)
          assert.doesNotMatch(stops.page, /<b>/)

          // Where one goes afterwards is ours alone.
          for (const elsewhere of ['https://evil.example/', '//evil.example', '/\\evil.example']) {
            const open = await new FormBrowser(server.url).open(`/sign-in?return_to=${encodeURIComponent(elsewhere)}`)
            await open.submit('/sign-in/provider', { return_to: elsewhere })
            assert.equal((await goThrough(open)).at, '/account', elsewhere)
          }

          // Away: its keys and metadata are still taken; what must be asked there says so, and other ways stay open.
          const away = await started()
          const returned = await throughProvider(away)
          upstream.isAway = true
          await away.open(returned.pathname + returned.search)
          assert.equal(away.status, 503)
          assert.match(away.text, /Acme Corp cannot be reached now/)
          assert.match(away.page, /action="\/sign-in"/)
          upstream.isAway = false

          const { providers } = (await api('GET', '/api/federation')).body
          assert.equal(providers[0].state, 'failing')
          assert.equal(providers[0].failed.invalid, Object.keys(bent).length + 3)
          assert.equal(providers[0].failed.unreachable, 1)
          assert.equal(providers[0].failed.refused, 1)
          assert.ok(providers[0].latencyP50Ms >= 0 && providers[0].latencyP95Ms >= providers[0].latencyP50Ms)
          const failures = (await api('GET', '/api/events?type=authentication.federation_failed')).body.items
          assert.match(JSON.stringify(failures[0].data), /"provider":"corp"/)

          // Addresses that a provider names are asked only where they may be, and only so much is read.
          for (const [name, document] of Object.entries({
            private: { jwks_uri: 'http://10.0.0.1/keys' },
            file: { jwks_uri: 'file:///etc/passwd' },
            other: { issuer: 'https://other.example' },
            huge: { padding: 'x'.repeat(300_000) },
            script: { authorization_endpoint: 'javascript:alert(1)' },
            none: { authorization_endpoint: undefined },
          })) {
            const hostile = await Upstream.open()
            const said = {
              issuer: hostile.url,
              authorization_endpoint: `${hostile.url}/auth`,
              token_endpoint: `${hostile.url}/token`,
              jwks_uri: `${hostile.url}/jwks`,
            }
            hostile.instead.set('/.well-known/openid-configuration', () => ({
              body: JSON.stringify({ ...said, ...document }),
            }))
            const provider = (await make({ name, issuer: hostile.url })).body
            const checked = (await api('POST', `/api/providers/${provider.id}/check`)).body
            assert.equal(checked.reachable, false, name)
            assert.ok(checked.problem.length > 0, name)
            const browser = await new FormBrowser(server.url).open('/sign-in')
            await browser.submit('/sign-in/provider', { provider: provider.id })
            assert.equal(browser.status, 503, name)
            assert.match(browser.text, /cannot be reached now|did not answer as it should/)
            await hostile.close()
          }
        } finally {
          await upstream.close()
        }
      },
      outgoing,
    ),
)
