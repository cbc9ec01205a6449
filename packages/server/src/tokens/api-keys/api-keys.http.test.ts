import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createRemoteJWKSet, decodeJwt, jwtVerify, SignJWT } from 'jose'
import { systemEntropy } from '#kernel'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { inKeyHouse } from '../../../test/support/key-house.ts'
import { postForm } from '../../../test/support/tokens.ts'
import { makeApiKey } from './format.ts'

const day = 86_400_000
const permitted = (subject: string) => ({ status: 200, reason: null, subject })
const nobody = { status: 401, reason: null, subject: null }

onEachEngine(
  'an API key of a machine opens its application at the gateway, is told of at introspection, and ends when revoked',
  (scratch) =>
    inKeyHouse(scratch, async ({ api, ask, docs, home, machine, server, clock }) => {
      const made = await api('POST', '/api/api-keys', { owner: machine, name: 'nightly', applications: [docs] })
      assert.equal(made.status, 201, JSON.stringify(made.body))
      const { key, secret } = made.body
      assert.equal(key.expiresAtMs - key.issuedAtMs, 90 * day, '90 days where nothing else is said')
      assert.deepEqual(await ask(secret), permitted(machine), 'it works as soon as its maker is told of it')

      const asker = (await api('POST', `/api/applications/${docs}/secrets`)).body.secret
      const introspect = (token: string, id = docs, secret = asker) =>
        postForm(`${server.url}/oauth/introspect`, { token }, { id, secret })
      const { body: told } = await introspect(secret)
      assert.deepEqual(
        { active: told.active, sub: told.sub, aud: told.aud, client_id: told.client_id, org: told.org },
        { active: true, sub: machine, aud: docs, client_id: key.id, org: home },
      )
      assert.deepEqual(
        Object.keys(told).filter((name) => /apiKey|actions|acr/.test(name)),
        [],
      )
      await server.tokens.uses.write()
      const [asked] = (await api('GET', `/api/applications/${docs}`)).body.secrets
      assert.equal(asked.usedAtMs, clock.nowMs(), 'the secret of who asked says when it was used')
      const other = await api('POST', '/api/applications', { organizationId: home, name: 'other', kind: 'service' })
      const otherSecret = (await api('POST', `/api/applications/${other.body.id}/secrets`)).body.secret
      assert.deepEqual((await introspect(secret, other.body.id, otherSecret)).body, { active: false }, 'not for it')

      // A client that proves itself by a key goes by the provider, which knows no API keys; so does one that wants its answer signed.
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const change = { authMethod: 'private_key_jwt', keys: [{ jwk: pair.publicKey.export({ format: 'jwk' }) }] }
      assert.equal((await api('PATCH', `/api/applications/${docs}`, change)).status, 200)
      const byKey = async (token: string, accept = 'application/json') => {
        const seconds = Math.floor(clock.nowMs() / 1_000)
        const assertion = await new SignJWT({ jti: randomUUID(), iat: seconds, exp: seconds + 60 })
          .setProtectedHeader({ alg: 'ES256' })
          .setIssuer(docs)
          .setSubject(docs)
          .setAudience(server.url)
          .sign(pair.privateKey)
        const response = await fetch(`${server.url}/oauth/introspect`, {
          method: 'POST',
          headers: { accept },
          body: new URLSearchParams({
            token,
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: assertion,
          }),
        })
        return response.text()
      }
      await until(async () => JSON.parse(await byKey(secret)).active === true)
      assert.equal(JSON.parse(await byKey(secret)).sub, machine)
      assert.deepEqual(JSON.parse(await byKey(makeApiKey(systemEntropy).reveal())), { active: false })
      const signed = await byKey(secret, 'application/token-introspection+jwt')
      const keys = createRemoteJWKSet(new URL(`${server.url}/oauth/jwks`))
      const { payload } = await jwtVerify(signed, keys, { audience: docs, currentDate: new Date(clock.nowMs()) })
      assert.equal((payload.token_introspection as { sub: string }).sub, machine)
      const envoy = async (token: string) => {
        const asked = await server.web.app.inject({
          method: 'GET',
          url: '/ext-authz/d/1',
          headers: { host: 'docs.example.com', 'x-forwarded-proto': 'https', authorization: `Bearer ${token}` },
        })
        return [asked.statusCode, asked.headers['gatehouse-subject']]
      }
      assert.deepEqual(await envoy(secret), [200, machine])

      const stored = JSON.stringify(await server.storage.db.selectFrom('api_keys').selectAll().execute())
      const events = JSON.stringify((await api('GET', '/api/events?limit=200')).body.items)
      const logged = JSON.stringify(server.logged)
      for (const place of [stored, events, logged])
        assert.ok(!place.includes(secret.slice(6, 49)), 'only its hash is kept')
      assert.ok(events.includes('tokens.api_key_issued'))

      clock.advanceMs(1_000)
      assert.equal((await api('DELETE', `/api/api-keys/${key.id}`)).status, 204)
      assert.deepEqual(await ask(secret), nobody, 'dead once its revoker is told so')
      assert.deepEqual(JSON.parse(await byKey(secret)), { active: false })
      assert.equal((await envoy(secret))[0], 401)
      assert.equal((await api('DELETE', `/api/api-keys/${key.id}`)).status, 204, 'twice is as once')
      const revoked = (await api('GET', '/api/events?type=tokens.api_key_revoked')).body.items
      assert.equal(revoked.length, 1)
      const issuedAt = new Date(key.issuedAtMs).toISOString()
      assert.deepEqual(revoked[0].data, { owner: machine, reason: 'revoked', issuedAt })
      assert.equal((await api('GET', `/api/api-keys/${key.id}`)).body.state, 'revoked')
    }),
)

onEachEngine('guessed, damaged, misplaced and expired keys open nothing', (scratch) =>
  inKeyHouse(scratch, async ({ api, ask, call, docs, machine, server, clock }) => {
    const make = async (more: object = {}) => {
      const made = await api('POST', '/api/api-keys', { owner: machine, name: 'k', applications: [docs], ...more })
      assert.equal(made.status, 201, JSON.stringify(made.body))
      return made.body.secret as string
    }
    const secret = await make({ validSeconds: 3_600 })
    assert.deepEqual(await ask(secret), permitted(machine))
    const flipped = `${secret.slice(0, 20)}${secret[20] === 'a' ? 'b' : 'a'}${secret.slice(21)}`
    const wrong: [string, string][] = [
      ['a key of the right form that nobody made', makeApiKey(systemEntropy).reveal()],
      ['a wrong checksum', `${secret.slice(0, -6)}${secret.slice(-6) === '000000' ? '111111' : '000000'}`],
      ['one character changed', flipped],
      ['the prefix alone', 'ghkey_'],
      ['another prefix', secret.replace('ghkey_', 'ghsec_')],
      ['without its prefix', secret.slice(6)],
      ['with more after it', `${secret}x`],
      ['its id', (await api('GET', '/api/api-keys')).body.items[0].id],
      ['its hash', (await server.storage.db.selectFrom('api_keys').select('hash').executeTakeFirstOrThrow()).hash],
    ]
    for (const [what, text] of wrong) {
      assert.deepEqual(await ask(text), nobody, what)
      assert.equal((await call(text, 'GET', '/api/whoami')).status, 401, what)
    }
    const dpop = await fetch(`${server.url}/api/whoami`, { headers: { authorization: `DPoP ${secret}` } })
    assert.equal(dpop.status, 401, 'never as a bound token')
    assert.equal((await call(secret, 'GET', '/api/whoami')).status, 401, 'not for our own API')
    assert.equal((await fetch(`${server.url}/api/whoami?access_token=${secret}`)).status, 401, 'never in an address')

    clock.advanceMs(3_600_000 - 1)
    assert.deepEqual(await ask(secret), permitted(machine))
    clock.advanceMs(1)
    assert.deepEqual(await ask(secret), nobody, 'the moment of its end already counts as ended')
    const { items } = (await api('GET', `/api/api-keys?owner=${machine}`)).body
    assert.deepEqual(
      items.map(({ state }: { state: string }) => state),
      ['expired'],
    )
    assert.equal((await api('GET', `/api/api-keys?owner=${machine}&live=true`)).body.items.length, 0)

    const refused: [string, object][] = [
      ['an end too far', { validSeconds: 367 * 86_400 }],
      ['no place', { applications: [] }],
      ['a place that is not there', { applications: ['app_01h455vb4pex5vsknk084sn02q'] }],
      ['an action that is not ours', { applications: ['gatehouse'], scopes: ['rule'] }],
      ['our own API without scopes', { applications: ['gatehouse'] }],
      ['our own API beside another', { applications: ['gatehouse', docs], scopes: ['gatehouse'] }],
      ['a scope with a blank', { scopes: ['read write'] }],
      ['a name of nothing', { name: ' ' }],
      ['a name with a hidden character', { name: 'a\u202eb' }],
      ['a name with NUL', { name: 'a\u0000b' }],
    ]
    for (const [what, more] of refused) {
      const { status } = await api('POST', '/api/api-keys', {
        owner: machine,
        name: 'k',
        applications: [docs],
        ...more,
      })
      assert.equal(status, 400, what)
    }
  }),
)

onEachEngine('a key does what its scopes name and nothing else, at the gateway and at our own API', (scratch) =>
  inKeyHouse(scratch, async ({ api, asAlice, ask, call, alice, docs, home, machine, server }) => {
    const make = async (more: object, as = api) => {
      const made = await as('POST', '/api/api-keys', { name: 'k', applications: ['gatehouse'], ...more })
      assert.equal(made.status, 201, JSON.stringify(made.body))
      return made.body.secret as string
    }
    const reads = await make({ applications: [docs], scopes: ['read'] }, asAlice)
    assert.deepEqual(await ask(reads), permitted(alice))
    const handedOn = await server.web.app.inject({
      method: 'GET',
      url: '/ext-authz/d/1',
      headers: { host: 'docs.example.com', 'x-forwarded-proto': 'https', authorization: `Bearer ${reads}` },
    })
    const identity = decodeJwt(String(handedOn.headers['gatehouse-identity']))
    assert.deepEqual(
      [identity.sub, identity.scope],
      [alice, 'read'],
      'the service behind the gateway is told its scopes',
    )
    assert.deepEqual(await ask(reads, 'PUT'), { status: 403, reason: 'gatehouse:credential-scope', subject: null })

    const views = await make({ owner: machine, scopes: ['viewUser'] })
    const all = await make({ owner: machine, scopes: ['gatehouse'] })
    const own = await make({ scopes: ['gatehouse'] }, asAlice)
    const { status, code } = await call(views, 'GET', `/api/users/${alice}`)
    assert.deepEqual([status, code], [403, 'authorization.denied'], 'never more than its owner')
    for (const [type, id] of [
      ['Machine', machine],
      ['User', alice],
    ]) {
      const granted = await api('POST', '/api/grants', {
        role: 'user-administrator',
        principal: { type, id },
        resource: { type: 'Organization', id: home },
        why: 'help desk',
      })
      assert.equal(granted.status, 201, JSON.stringify(granted.body))
    }
    assert.equal((await call(views, 'GET', `/api/users/${alice}`)).status, 200)
    assert.equal((await call(views, 'GET', '/api/whoami')).status, 200)
    const escapes: [string, string, string, object?][] = [
      ['another action', 'PATCH', `/api/users/${alice}`, { displayName: 'x' }],
      ['suspending', 'POST', `/api/users/${alice}/suspend`],
      ['what is open to anybody about themselves', 'GET', '/api/grants/held'],
      ['making keys', 'POST', '/api/api-keys', { name: 'k', applications: [docs] }],
      ['seeing keys', 'GET', `/api/api-keys?owner=${machine}`],
      ['following revocations', 'GET', '/access/v1/revocations'],
    ]
    for (const [what, method, path, body] of escapes)
      assert.ok([403, 404].includes((await call(views, method, path, body)).status), what)
    assert.equal((await call(views, 'GET', '/api/me')).code, 'web.credential_limited')
    assert.equal((await call(all, 'PATCH', `/api/machines/${machine}`, { displayName: 'x' })).status, 200)
    const another = await call(all, 'POST', '/api/api-keys', { name: 'k', owner: machine, applications: [docs] })
    assert.equal(another.code, 'tokens.api_key_not_yours', 'a key makes no keys')
    const { items } = (await api('GET', '/api/events?type=directory.machine_updated')).body
    assert.equal(items[0].context.through.type, 'Gatehouse::ApiKey', 'the record names the key')
    // An administrator needs a second factor: a key that was made without one does not get round it.
    assert.equal((await call(own, 'GET', '/api/me')).code, 'authentication.second_factor_needed')
  }),
)

onEachEngine("nobody makes a person's keys but the person, and nothing crosses organizations", (scratch) =>
  inKeyHouse(scratch, async ({ api, asAlice, alice, docs, machine, home }) => {
    const forAlice = { owner: alice, name: 'k', applications: [docs] }
    assert.equal((await api('POST', '/api/api-keys', forAlice)).body.code, 'tokens.api_key_not_yours')
    const made = await asAlice('POST', '/api/api-keys', { owner: machine, name: 'k', applications: [docs] })
    assert.equal(made.status, 201, 'who answers for a machine makes its keys')

    const rival = (await api('POST', '/api/organizations', { name: 'rival' })).body.id
    const theirs = await api('POST', '/api/applications', { organizationId: rival, name: 'vault', kind: 'service' })
    const across = await asAlice('POST', '/api/api-keys', { name: 'k', applications: [theirs.body.id] })
    assert.equal(across.body.code, 'tokens.api_key_refused')
    const mallory = (await api('POST', '/api/users', { organizationId: rival, username: 'mallory', displayName: 'M' }))
      .body
    const robot = (await api('POST', '/api/machines', { organizationId: home, name: 'second', owner: alice })).body
    assert.ok(robot.id)
    assert.equal((await asAlice('GET', `/api/api-keys?owner=${mallory.id}`)).status, 403)
    assert.equal((await asAlice('GET', '/api/api-keys')).status, 403, 'a list of all is for who may view')
    await api('POST', `/api/machines/${machine}/suspend`)
    const idle = await api('POST', '/api/api-keys', { owner: machine, name: 'k', applications: [docs] })
    assert.equal(idle.body.code, 'tokens.api_key_refused', 'nor for whoever is not active')

    const limited = await api('PATCH', `/api/organizations/${home}`, { settings: { tokens: { keyDays: 7 } } })
    assert.equal(limited.status, 200, JSON.stringify(limited.body))
    const short = await asAlice('POST', '/api/api-keys', { name: 'k', applications: [docs] })
    assert.equal(short.body.key.expiresAtMs - short.body.key.issuedAtMs, 7 * day, 'an organization can only tighten')
    const long = await asAlice('POST', '/api/api-keys', { name: 'k', applications: [docs], validSeconds: 8 * 86_400 })
    assert.equal(long.body.code, 'tokens.api_key_refused')
    for (let made = 1; made < 50; made++)
      assert.equal((await asAlice('POST', '/api/api-keys', { name: 'k', applications: [docs] })).status, 201)
    const over = await asAlice('POST', '/api/api-keys', { name: 'k', applications: [docs] })
    assert.equal(over.body.code, 'tokens.api_keys_too_many')
  }),
)

onEachEngine('a key is dead at once with its owner: while suspended, for good once deactivated', (scratch) =>
  inKeyHouse(scratch, async ({ api, ask, docs, machine }) => {
    const made = await api('POST', '/api/api-keys', { owner: machine, name: 'k', applications: [docs] })
    const { key, secret } = made.body
    const dies = async () => {
      const from = performance.now()
      while ((await ask(secret)).status !== 401) assert.ok(performance.now() - from < 1_000, 'within a second')
    }
    await api('POST', `/api/machines/${machine}/suspend`)
    await dies()
    await api('POST', `/api/machines/${machine}/activate`)
    await until(async () => (await ask(secret)).status === 200)
    await api('POST', `/api/machines/${machine}/deactivate`)
    await dies()
    await until(async () => (await api('GET', `/api/api-keys/${key.id}`)).body.state === 'revoked')
    const { items } = (await api('GET', '/api/events?type=tokens.api_key_revoked')).body
    assert.equal(items[0].data.reason, 'owner_left')
    await api('POST', `/api/machines/${machine}/activate`)
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.deepEqual(await ask(secret), nobody, 'coming back brings no key back')
  }),
)
