import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { TestBrowser } from '../../../test/support/browser.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import {
  authorizeUrl,
  credentialsOf,
  exchange,
  obtainCode,
  pkce,
  postToken,
  signInTo,
} from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

onEachEngine(
  'bad input is refused and on the record, by endpoint, client and reason, and nothing secret with it',
  async (scratch) => {
    const it = await openTokensFixture(scratch, { refreshGraceMs: 0 })
    const docs = await it.addClient({ name: 'docs', oauth: { dpop: 'allowed' } })
    const alice = await it.addPerson('alice')
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', kid: 'own' }
    const { id } = (
      await it.addClient({ name: 'keyed', kind: 'service', authMethod: 'private_key_jwt', keys: [{ jwk }] })
    ).application
    const inside = await it.addClient({
      name: 'inside',
      kind: 'service',
      authMethod: 'private_key_jwt',
      oauth: { jwksUri: 'https://10.0.0.1/keys' },
    })
    const url = `${it.url}/oauth/token`
    const own = { grant_type: 'client_credentials' }
    const assertionOf = (claims: Record<string, unknown>, who = id) =>
      new SignJWT({ iss: who, sub: who, aud: it.url, jti: randomUUID(), ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'own' })
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(privateKey)
    const byAssertion = (client_assertion: string) =>
      postForm(url, { ...own, client_assertion, client_assertion_type: assertionType })
    const used = await assertionOf({})
    assert.equal((await byAssertion(used)).status, 200)
    const unsigned = `${encode({ alg: 'none' })}.${encode({ iss: id, sub: id, aud: it.url, jti: 'x', exp: 2e9 })}.`
    const confused = `${encode({ alg: 'HS256', kid: 'own' })}.${encode({ iss: id, sub: id, aud: it.url, jti: 'y', exp: 2e9 })}`
    const confusion = `${confused}.${createHmac('sha256', publicKey.export({ type: 'spki', format: 'pem' }))
      .update(confused)
      .digest('base64url')}`

    const pair = await generateKeyPair('ES256')
    const proof = await new SignJWT({ htm: 'POST', htu: url, jti: randomUUID() })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: await exportJWK(pair.publicKey) })
      .setIssuedAt()
      .sign(pair.privateKey)
    const job = await it.addClient({ name: 'job', kind: 'service' })
    assert.equal((await postForm(url, own, credentialsOf(job), { dpop: proof })).status, 200)

    const code = await obtainCode(it, docs, alice)
    assert.equal((await exchange(it, docs, code)).status, 200)
    const { refreshToken } = await signInTo(it, docs, alice)
    const refresh = { grant_type: 'refresh_token', refresh_token: refreshToken }
    assert.equal((await postToken(it, docs, refresh)).status, 200)

    const browser = new TestBrowser()
    browser.set(it.signIn(alice).cookie)
    const { challenge } = pkce()
    const authorize = async (more: Record<string, string>, clientId: string = docs.application.id) => {
      const asked = { code_challenge: challenge, code_challenge_method: 'S256', ...more }
      const answer = await browser.get(authorizeUrl(it, clientId, asked))
      return { status: answer.status, body: { location: answer.headers.get('location') } }
    }

    const canary = 'ghsec_canary_that_is_no_secret_of_anybody'
    const rows: [string, () => Promise<{ status: number }>, RegExp | string, string | undefined][] = [
      ['a code that comes again', () => exchange(it, docs, code), 'invalid_grant', docs.application.id],
      ['a refresh token that comes again', () => postToken(it, docs, refresh), 'invalid_grant', docs.application.id],
      ['an assertion that comes again', () => byAssertion(used), /invalid_(client|grant)/, id],
      [
        'a proof of possession that comes again',
        () => postForm(url, own, credentialsOf(job), { dpop: proof }),
        /invalid_(grant|dpop_proof)/,
        job.application.id,
      ],
      [
        'an assertion for another server',
        async () => byAssertion(await assertionOf({ aud: 'https://other.example' })),
        'invalid_client',
        id,
      ],
      ['an assertion without a signature', () => byAssertion(unsigned), /invalid_(client|request)/, id],
      ['a public key taken for a secret', () => byAssertion(confusion), /invalid_(client|request)/, id],
      [
        'keys at a private address',
        async () => byAssertion(await assertionOf({}, inside.application.id)),
        'invalid_client',
        inside.application.id,
      ],
      [
        'a wrong secret',
        () => postForm(url, own, { ...credentialsOf(job), secret: canary }),
        'invalid_client',
        job.application.id,
      ],
      [
        'a client that nobody knows',
        () => postForm(url, own, { id: 'app_nobody', secret: canary }),
        'invalid_client',
        undefined,
      ],
      [
        'a redirect elsewhere',
        () => authorize({ redirect_uri: 'https://evil.example/' }),
        /invalid_re/,
        docs.application.id,
      ],
      [
        'a redirect by a trick',
        () => authorize({ redirect_uri: 'https://app.example/callback/../x' }),
        /invalid_re/,
        docs.application.id,
      ],
      [
        'a metadata document inside',
        () => authorize({}, 'https://169.254.169.254/client'),
        'invalid_client',
        undefined,
      ],
      [
        'a scope that cannot be',
        () => postForm(url, { ...own, scope: 'a"b' }, credentialsOf(job)),
        'invalid_scope',
        job.application.id,
      ],
    ]
    for (const [what, send, error, clientId] of rows) {
      const before = (await it.events('tokens.request_refused')).length
      const { status } = await send()
      assert.ok(status >= 400 && status < 500, `${what}: ${status}`)
      const events = await it.events('tokens.request_refused')
      assert.equal(events.length, before + 1, `${what} is on the record`)
      const data = events.at(-1)?.data as { error: string; reason: string; clientId?: string; endpoint: string }
      assert.match(data.error, typeof error === 'string' ? new RegExp(`^${error}$`) : error, what)
      assert.equal(data.clientId, clientId, what)
      assert.ok(data.reason.length > 0 && data.reason.length <= 200, what)
      assert.match(data.endpoint, /^\/oauth\//)
    }
    const told = JSON.stringify(await it.events('tokens.request_refused'))
    for (const secret of [canary, code.code, refreshToken, used, proof]) assert.ok(!told.includes(secret))

    it.clock.movedMs += 60_000
    const before = (await it.events('tokens.request_refused')).length
    for (let n = 0; n < 60; n++) await postForm(url, own, { id: 'app_nobody', secret: 'x' })
    const flood = (await it.events('tokens.request_refused')).length - before
    assert.ok(flood >= 20 && flood <= 40, `a flood does not fill the log: ${flood} of 60`)
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)
