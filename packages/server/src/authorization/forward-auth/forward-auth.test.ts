import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { onEachEngine } from '../../../test/support/engines.ts'
import { atGateway, browser, cookieOf, origin, session, setCookie } from '../../../test/support/gateway.ts'
import type { GatewaySession } from './ports.ts'

const bundle = {
  schema: `entity Document { owner?: User };
    action read, write appliesTo { principal: [User, Machine], resource: [Document] };`,
  policies: `@id("everybody-reads") permit (principal is User, action == Action::"read", resource is Document);
    @id("not-the-secret") @says("The secret is nobody's") forbid (principal, action, resource == Document::"secret");
    @id("machines-read") permit (principal is Machine, action == Action::"read", resource is Document);`,
}
onEachEngine('a bearer token for the application is let through with an identity signed for it', (scratch) =>
  atGateway(scratch, bundle, async ({ house, alice, application, ask }) => {
    const reply = await ask('/documents/plan', { authorization: `Bearer token-${alice.id}` })
    assert.equal(reply.statusCode, 200)
    assert.equal(reply.headers['gatehouse-subject'], alice.id)
    assert.equal(reply.headers['gatehouse-username'], alice.id)
    const [header, payload, signature] = String(reply.headers['gatehouse-identity']).split('.') as [
      string,
      string,
      string,
    ]
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const jwk = house.keyring.signingKeys().find((key) => key.kid === kid)
    const key = { key: createPublicKey({ key: { ...jwk }, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const }
    assert.ok(verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')))
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    assert.equal(claims.aud, application.id)
    assert.equal(claims.sub, alice.id)
    assert.equal(claims.exp - claims.iat, 120)
    const again = await ask('/documents/other', { authorization: `Bearer token-${alice.id}` })
    assert.equal(again.headers['gatehouse-identity'], reply.headers['gatehouse-identity'])
    const kept = await house.authorization.journal.find(String(reply.headers['x-request-id']))
    assert.deepEqual(
      kept.map((one) => [one.via, one.outcome, one.action.id, one.resource.id]),
      [['forward-auth', 'allow', 'read', 'plan']],
    )
  }),
)

onEachEngine('denied is 403 with the reason: as a header, as a problem to programs, as a page to people', (scratch) =>
  atGateway(scratch, bundle, async ({ alice, ask }) => {
    const authorization = `Bearer token-${alice.id}`
    const secret = await ask('/documents/secret', { authorization })
    assert.equal(secret.statusCode, 403)
    assert.equal(secret.headers['gatehouse-reason'], 'not-the-secret')
    assert.equal(secret.headers['gatehouse-identity'], undefined)
    assert.equal(secret.json().detail, "The secret is nobody's")
    const write = await ask('/documents/plan', { authorization, 'x-forwarded-method': 'PUT' })
    assert.equal(write.statusCode, 403)
    assert.equal(write.headers['gatehouse-reason'], 'nothing-permits')
    const page = await ask('/documents/secret', { authorization, ...browser })
    assert.equal(page.statusCode, 403)
    assert.match(page.body, /The secret is nobody&#39;s/)
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
  }),
)

onEachEngine(
  'no identity is 401 to programs, a redirect to browsers, 401 with Location behind auth_request',
  (scratch) =>
    atGateway(scratch, bundle, async ({ ask }) => {
      const program = await ask('/documents/plan')
      assert.equal(program.statusCode, 401)
      assert.equal(program.headers['www-authenticate'], 'Bearer')
      const forged = await ask('/documents/plan', { authorization: 'Bearer forged', ...browser })
      assert.equal(forged.statusCode, 401)
      assert.equal(forged.headers['www-authenticate'], 'Bearer error="invalid_token"')
      const person = await ask('/documents/plan?page=2', browser)
      assert.equal(person.statusCode, 302)
      assert.equal(person.headers.location, `${origin}/.gatehouse/sign-in?to=%2Fdocuments%2Fplan%3Fpage%3D2`)
      const nginx = await ask('/documents/plan', { ...browser, 'gatehouse-gateway': 'auth_request' })
      assert.equal(nginx.statusCode, 401)
      assert.equal(nginx.headers.location, `${origin}/.gatehouse/sign-in?to=%2Fdocuments%2Fplan`)
      const script = await ask('/documents/plan', { ...browser, 'sec-fetch-mode': 'cors' })
      assert.equal(script.statusCode, 401)
      assert.equal(script.headers.location, undefined)
    }),
)

onEachEngine('a sign-in comes to another host by a code that only the same browser can use', (scratch) =>
  atGateway(scratch, bundle, async ({ house, alice, sessions, ask, get, end }) => {
    sessions.set('ses_1', session(alice))
    const begun = await ask('/.gatehouse/sign-in?to=%2Fdocuments%2Fplan%3Fpage%3D2')
    const state = setCookie(begun)
    assert.match(String(begun.headers['set-cookie']), /__Host-gatehouse-gateway-state=.*HttpOnly; SameSite=Lax; Secure/)
    const onward = new URL(String(begun.headers.location))
    assert.equal(onward.origin, 'http://localhost:8080')

    const without = await get(`${onward.pathname}${onward.search}`)
    const signIn = new URL(String(without.headers.location), 'http://localhost:8080')
    assert.equal(signIn.pathname, '/sign-in')
    const backTo = new URL(signIn.searchParams.get('return_to') as string, onward)
    assert.equal(backTo.href, onward.href)

    const back = await get(`${onward.pathname}${onward.search}`, { cookie: 'gatehouse-session=ses_1' })
    const callback = new URL(String(back.headers.location))
    assert.equal(callback.origin, origin)
    const target = `${callback.pathname}${callback.search}`
    const cookies = Object.entries(state)
      .map(([name, value]) => `${name}=${value}`)
      .join('; ')

    const stolen = await ask(target)
    assert.equal(stolen.statusCode, 400)
    const otherBrowser = await ask(target, { cookie: `__Host-gatehouse-gateway-state=${'x'.repeat(43)}` })
    assert.equal(otherBrowser.statusCode, 400)
    const elsewhere = await ask(target, { cookie: cookies, 'x-forwarded-host': 'evil.example' })
    assert.equal(elsewhere.headers['gatehouse-reason'], 'origin-unknown')

    const done = await ask(target, { cookie: cookies })
    assert.equal(done.statusCode, 302)
    assert.equal(done.headers.location, `${origin}/documents/plan?page=2`)
    const gateway = cookieOf(done, '__Host-gatehouse-gateway')
    assert.ok(gateway?.httpOnly && gateway.secure)
    const cookie = `__Host-gatehouse-gateway=${gateway.value}`
    assert.equal((await ask('/documents/plan', { cookie })).statusCode, 200)
    const changed = `${cookie.slice(0, -2)}${cookie.endsWith('A') ? 'BB' : 'AA'}`
    assert.equal((await ask('/documents/plan', { cookie: changed })).statusCode, 401)
    // A session that ended by being idle, which no event tells of.
    const held = sessions.get('ses_1') as GatewaySession
    sessions.delete('ses_1')
    assert.equal((await ask('/documents/plan', { cookie })).statusCode, 200)
    house.clock.advanceMs(60_000)
    assert.equal((await ask('/documents/plan', { cookie })).statusCode, 401)
    sessions.set('ses_1', held)
    assert.equal((await ask('/documents/plan', { cookie })).statusCode, 200)
    await end('ses_1')
    const deadline = Date.now() + 5_000
    while ((await ask('/documents/plan', { cookie })).statusCode !== 401) assert.ok(Date.now() < deadline)
  }),
)

onEachEngine('a code of more than a minute is no code; a place to go back to is a path of the same origin', (scratch) =>
  atGateway(scratch, bundle, async ({ house, alice, sessions, ask, get }) => {
    sessions.set('ses_1', session(alice))
    for (const to of ['//evil.example/', 'https://evil.example', '/\\evil.example', '/a/../b']) {
      const begun = await ask(`/.gatehouse/sign-in?to=${encodeURIComponent(to)}`)
      assert.equal(new URL(String(begun.headers.location)).searchParams.get('to'), '/', to)
    }
    const begun = await ask('/.gatehouse/sign-in')
    const onward = new URL(String(begun.headers.location))
    const back = await get(`${onward.pathname}${onward.search}`, { cookie: 'gatehouse-session=ses_1' })
    house.clock.advanceMs(60_000)
    const callback = new URL(String(back.headers.location))
    const cookie = Object.entries(setCookie(begun))
      .map(([name, value]) => `${name}=${value}`)
      .join('; ')
    assert.equal((await ask(`${callback.pathname}${callback.search}`, { cookie })).statusCode, 400)
    const foreign = new URLSearchParams({ origin: 'https://evil.example', state: 'x'.repeat(43), to: '/' })
    assert.equal((await get(`/gateway/continue?${foreign}`)).statusCode, 400)
  }),
)

onEachEngine(
  'a deactivated user is nobody from the moment the change is seen, whatever her session or token',
  (scratch) =>
    atGateway(scratch, bundle, async ({ house, alice, sessions, ask }) => {
      sessions.set('ses_1', session(alice))
      const cookie = { cookie: 'gatehouse-session=ses_1' }
      const bearer = { authorization: `Bearer token-${alice.id}` }
      for (const headers of [cookie, bearer]) assert.equal((await ask('/documents/plan', headers)).statusCode, 200)
      await house.user({ id: alice.id, active: false })
      for (const headers of [cookie, bearer]) {
        const reply = await ask('/documents/plan', headers)
        assert.equal(reply.statusCode, 401)
        assert.equal(reply.headers['gatehouse-subject'], undefined)
      }
    }),
)

onEachEngine('what cannot be decided is denied: unknown origin, path or route, headers missing', (scratch) =>
  atGateway(scratch, bundle, async ({ house, alice, ask, get }) => {
    const authorization = `Bearer token-${alice.id}`
    const reason = async (target: string, headers: Record<string, string> = {}) => {
      const reply = await ask(target, { authorization, ...headers })
      assert.equal(reply.statusCode, 403)
      return reply.headers['gatehouse-reason']
    }
    assert.equal(await reason('/documents/plan', { 'x-forwarded-host': 'evil.example' }), 'origin-unknown')
    assert.equal(await reason('/documents/plan', { 'x-forwarded-proto': 'http' }), 'origin-unknown')
    assert.equal(await reason('/documents/%2e%2e/admin'), 'path-ambiguous')
    assert.equal(await reason('/nothing/here'), 'route-unknown')
    assert.equal(await reason('/DOCUMENTS/plan'), 'route-unknown')
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override'])
      assert.equal(await reason('/documents/plan', { [name]: 'DELETE' }), 'method-overridden', name)
    const same = await ask('/documents/plan', { authorization, 'x-http-method-override': 'get' })
    assert.equal(same.statusCode, 200, 'one that changes nothing is harmless')
    assert.equal(await reason('/documents/plan', { 'x-forwarded-host': 'a@b' }), 'gateway-headers-missing')
    assert.equal((await get('/forward-auth', { authorization })).headers['gatehouse-reason'], 'gateway-headers-missing')
    const stranger = await house.user({ organizationId: house.other })
    const foreign = await ask('/documents/plan', { authorization: `Bearer token-${stranger.id}` })
    assert.equal(foreign.headers['gatehouse-reason'], 'gatehouse:principal-unknown')
  }),
)
