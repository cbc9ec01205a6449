import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { atGateway, browser, origin, session, setCookie } from '../../../test/support/gateway.ts'

const two = 'urn:gatehouse:acr:2'
const bundle = {
  schema: `entity Document;
    action read, write appliesTo { principal: [User], resource: [Document],
      context: { authentication?: { acr: String, amr: Set<String> } } };`,
  policies: `@id("reads") @obligation("step-up") @obligation_acr_value("${two}")
    permit (principal is User, action == Action::"read", resource == Document::"plan");
    @id("hardware") @obligation("step-up") @obligation_acr_value("${two}") @obligation_amr_values("hwk, mfa")
    permit (principal is User, action == Action::"read", resource == Document::"keys");
    @id("open") permit (principal is User, action == Action::"read", resource)
      when { [Document::"open", Document::"guarded", Document::"barred"].contains(resource) };
    @id("guard") @obligation("step-up") @obligation_acr_value("phr")
    forbid (principal is User, action, resource)
    when { [Document::"guarded", Document::"barred"].contains(resource) }
    unless { context has authentication && context.authentication.acr == "phr" };
    @id("never") forbid (principal, action, resource == Document::"barred");
    @id("watermark") @obligation("custom") @obligation_vendor("dlp")
    permit (principal is User, action == Action::"read", resource == Document::"marked");`,
}

onEachEngine(
  'a step-up is a redirect for browsers and an RFC 9470 challenge for programs, until it is met',
  (scratch) =>
    atGateway(scratch, bundle, async ({ house, alice, sessions, ask }) => {
      const cookie = 'gatehouse-session=ses_1'
      sessions.set('ses_1', { ...session(alice), acr: 'urn:gatehouse:acr:1' })
      const person = await ask('/documents/plan', { cookie, ...browser })
      assert.equal(person.statusCode, 302)
      assert.equal(
        person.headers.location,
        `${origin}/.gatehouse/sign-in?to=%2Fdocuments%2Fplan&acr=${encodeURIComponent(two)}`,
      )
      assert.equal(person.headers['gatehouse-identity'], undefined)
      const nginx = await ask('/documents/plan', { cookie, ...browser, 'gatehouse-gateway': 'auth_request' })
      assert.deepEqual([nginx.statusCode, nginx.headers.location], [401, person.headers.location])

      const program = await ask('/documents/plan', { authorization: `Bearer token-${alice.id}` })
      assert.equal(program.statusCode, 401)
      assert.equal(
        program.headers['www-authenticate'],
        `Bearer error="insufficient_user_authentication", error_description="A stronger sign-in is required", acr_values="${two}"`,
      )
      assert.deepEqual([program.json().code, program.json().acr_values], ['authorization.step_up_needed', two])
      const kept = await house.authorization.journal.find(String(program.headers['x-request-id']))
      assert.deepEqual(
        kept.map((one) => [one.outcome, one.reasons]),
        [['deny_policy', ['gatehouse:step-up-needed', 'reads']]],
      )
      for (const acr of [two, 'phr'])
        assert.equal(
          (await ask('/documents/plan', { authorization: `Bearer token-${alice.id}~${acr}` })).statusCode,
          200,
        )
      sessions.set('ses_1', { ...session(alice), acr: two, amr: ['pwd', 'otp', 'mfa'] })
      assert.equal((await ask('/documents/plan', { cookie, ...browser })).statusCode, 200)

      const keys = await ask('/documents/keys', { cookie, ...browser })
      assert.match(String(keys.headers.location), /acr=urn%3Agatehouse%3Aacr%3A2&amr=hwk\+mfa$/)
      sessions.set('ses_1', { ...session(alice), acr: 'phr', amr: ['hwk', 'mfa'] })
      assert.equal((await ask('/documents/keys', { cookie, ...browser })).statusCode, 200)
    }),
)

onEachEngine(
  'a forbid can ask for a step-up, where nothing else forbids; what the gateway cannot do denies',
  (scratch) =>
    atGateway(scratch, bundle, async ({ alice, ask }) => {
      const at = async (document: string, acr: string) => {
        const reply = await ask(`/documents/${document}`, { authorization: `Bearer token-${alice.id}~${acr}` })
        return [reply.statusCode, reply.headers['gatehouse-reason']]
      }
      assert.deepEqual(await at('open', '0'), [200, undefined])
      assert.deepEqual(await at('guarded', two), [401, 'gatehouse:step-up-needed'])
      assert.deepEqual(await at('guarded', 'phr'), [200, undefined])
      assert.deepEqual(await at('barred', two), [403, 'guard'], 'a stronger sign-in would not help')
      assert.deepEqual(await at('barred', 'phr'), [403, 'never'])
      assert.deepEqual(await at('marked', 'phr'), [403, 'gatehouse:obligation-unmet'])
    }),
)

onEachEngine('a person is sent to prove more once, then told; a stronger session comes back with a code', (scratch) =>
  atGateway(scratch, bundle, async ({ alice, sessions, ask, get }) => {
    const cookie = 'gatehouse-session=ses_1'
    sessions.set('ses_1', { ...session(alice), acr: 'urn:gatehouse:acr:1' })
    const begun = await ask(`/.gatehouse/sign-in?to=%2Fdocuments%2Fplan&acr=${encodeURIComponent(two)}`)
    const onward = new URL(String(begun.headers.location))
    const first = await get(`${onward.pathname}${onward.search}`, { cookie })
    const signIn = new URL(String(first.headers.location), 'http://localhost:8080')
    assert.deepEqual(
      [signIn.pathname, signIn.searchParams.get('acr'), signIn.searchParams.get('reauthenticate')],
      ['/sign-in', two, '1'],
    )
    const back = String(signIn.searchParams.get('return_to'))
    const still = await get(back, { cookie })
    assert.equal(still.statusCode, 403)
    assert.match(still.body, /Documents wants a stronger sign-in/)

    sessions.set('ses_1', { ...session(alice), acr: two })
    const stronger = new URL(String((await get(back, { cookie })).headers.location))
    assert.equal(stronger.origin, origin)
    const cookies = Object.entries(setCookie(begun)).map(([name, value]) => `${name}=${value}`)
    const done = await ask(`${stronger.pathname}${stronger.search}`, { cookie: cookies.join('; ') })
    assert.equal(done.headers.location, `${origin}/documents/plan`)
  }),
)
