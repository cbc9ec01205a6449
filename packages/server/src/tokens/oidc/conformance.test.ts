import assert from 'node:assert/strict'
import { TestBrowser } from '../../../test/support/browser.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { authorizeUrl, credentialsOf, exchange, obtainCode, pkce } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'

onEachEngine(
  'discovery says what each profile must find there (OIDC Discovery 3, RFC 8414 2, FAPI 2.0 5.3.2, CIBA 4, MCP authorization)',
  async (scratch) => {
    const it = await openTokensFixture(scratch, { offerRs256: true })
    const read = async (path: string) => (await fetch(`${it.url}/.well-known/${path}`)).json()
    const [openid, oauth] = (await Promise.all([
      read('openid-configuration'),
      read('oauth-authorization-server'),
    ])) as Record<string, unknown>[]
    assert.deepEqual(openid, oauth, 'two names of one document')
    assert.equal(openid?.issuer, it.url)
    const holds = (name: string, ...values: unknown[]) => {
      for (const value of values) assert.ok((openid?.[name] as unknown[])?.includes(value), `${name}: ${value}`)
    }
    holds('id_token_signing_alg_values_supported', 'RS256', 'ES256')
    holds('response_types_supported', 'code')
    holds('subject_types_supported', 'public')
    holds('scopes_supported', 'openid', 'offline_access')
    holds('code_challenge_methods_supported', 'S256')
    assert.equal((openid?.code_challenge_methods_supported as unknown[]).length, 1, 'never plain')
    for (const endpoint of ['token', 'introspection'])
      holds(`${endpoint}_endpoint_auth_methods_supported`, 'private_key_jwt', 'tls_client_auth', 'client_secret_basic')
    holds('token_endpoint_auth_methods_supported', 'none')
    holds('revocation_endpoint_auth_methods_supported', 'none', 'private_key_jwt')
    holds('token_endpoint_auth_signing_alg_values_supported', 'PS256', 'ES256')
    holds('request_object_signing_alg_values_supported', 'PS256', 'ES256')
    holds('dpop_signing_alg_values_supported', 'ES256')
    holds('backchannel_token_delivery_modes_supported', 'poll', 'ping')
    for (const name of [
      'authorization_response_iss_parameter_supported',
      'backchannel_logout_supported',
      'backchannel_logout_session_supported',
      'request_parameter_supported',
      'tls_client_certificate_bound_access_tokens',
    ])
      assert.equal(openid?.[name], true, name)
    assert.equal(openid?.request_uri_parameter_supported, false, 'unsaid it would mean true (OIDC Discovery 3)')
    for (const [name, value] of Object.entries(openid ?? {}))
      if (/_(endpoint|uri)$/.test(name)) assert.ok(String(value).startsWith(`${it.url}/`), `${name}: ${value}`)
    for (const [name, value] of Object.entries(openid ?? {}))
      if (/alg_values_supported$/.test(name))
        for (const one of value as string[]) assert.ok(!/^(none|HS)/.test(one), `${name}: ${one}`)
    const { keys } = (await (await fetch(openid?.jwks_uri as string)).json()) as { keys: Record<string, unknown>[] }
    assert.deepEqual(new Set(keys.map(({ alg }) => alg)), new Set(['ES256', 'RS256']))
    for (const key of keys) {
      assert.deepEqual([typeof key.kid, key.use], ['string', 'sig'])
      for (const secret of ['d', 'p', 'q', 'k']) assert.equal(key[secret], undefined)
    }
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)

onEachEngine(
  'errors are told as the specifications say: status, code, challenge, and never cached',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs', scopes: ['openid', 'profile'] })
    const job = await it.addClient({ name: 'job', kind: 'service' })
    const alice = await it.addPerson('alice')
    const token = `${it.url}/oauth/token`
    const own = { grant_type: 'client_credentials' }
    const { id, secret } = credentialsOf(job)
    const rows: [string, Parameters<typeof postForm>, number, string][] = [
      ['a wrong secret by header (RFC 6749 5.2)', [token, own, { id, secret: 'x' }], 401, 'invalid_client'],
      ['a wrong secret by form', [token, { ...own, client_id: id, client_secret: 'x' }], 401, 'invalid_client'],
      ['no client', [token, own], 400, 'invalid_request'],
      ['no grant type', [token, {}, { id, secret }], 400, 'invalid_request'],
      ['an unknown grant type', [token, { grant_type: 'password' }, { id, secret }], 400, 'unsupported_grant_type'],
      [
        'a code that never was',
        [
          token,
          {
            grant_type: 'authorization_code',
            code: 'x',
            redirect_uri: 'https://app.example/callback',
            code_verifier: 'v'.repeat(43),
          },
          credentialsOf(docs),
        ],
        400,
        'invalid_grant',
      ],
      [
        'a refresh token that never was',
        [token, { grant_type: 'refresh_token', refresh_token: 'x' }, credentialsOf(docs)],
        400,
        'invalid_grant',
      ],
      [
        'a pushed request with request_uri (RFC 9126 2.1)',
        [`${it.url}/oauth/par`, { request_uri: 'urn:x' }, credentialsOf(docs)],
        400,
        'request_uri_not_supported',
      ],
      [
        'introspection without a client (RFC 7662 2.3)',
        [`${it.url}/oauth/introspect`, { token: 'x' }, { id, secret: 'x' }],
        401,
        'invalid_client',
      ],
      [
        'CIBA for somebody unknown',
        [`${it.url}/oauth/backchannel`, { scope: 'openid', login_hint: 'x' }, { id, secret }],
        400,
        'invalid_request',
      ],
    ]
    for (const [what, request, status, error] of rows) {
      const got = await postForm(...request)
      assert.deepEqual([what, got.status, got.body.error], [what, status, error], JSON.stringify(got.body))
      assert.match(got.headers.get('cache-control') ?? '', /no-store/, what)
      assert.match(got.headers.get('content-type') ?? '', /^application\/json/, what)
      if (status === 401 && request[2] !== undefined)
        assert.match(
          got.headers.get('www-authenticate') ?? '',
          /^Basic/,
          `${what}: the scheme that was tried is challenged`,
        )
    }
    assert.deepEqual(
      (await postForm(`${it.url}/oauth/revoke`, { token: 'x' }, { id, secret })).status,
      200,
      'RFC 7009 2.2',
    )
    for (const headers of [{}, { authorization: 'Bearer nonsense' }] as Record<string, string>[]) {
      const info = await fetch(`${it.url}/oauth/userinfo`, { headers })
      const challenge = info.headers.get('www-authenticate') ?? ''
      assert.ok(info.status === 401 || info.status === 400, String(info.status))
      assert.match(challenge, /^(Bearer|DPoP)/, 'RFC 6750 3')
      if (headers.authorization !== undefined) assert.match(challenge, /error="invalid_token"/)
    }

    // What a browser brings back (OpenID Connect Core 3.1.2.6).
    const { challenge } = pkce()
    const good = { code_challenge: challenge, code_challenge_method: 'S256', state: 's-1' }
    const answers: [Record<string, string | undefined>, string][] = [
      [{ prompt: 'none' }, 'login_required'],
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ response_type: 'id_token' }, 'unsupported_response_type'],
      [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      [{ code_challenge_method: 'plain' }, 'invalid_request'],
      [{ request_uri: 'https://app.example/request' }, 'request_uri_not_supported'],
      [{ request: 'eyJhbGciOiJub25lIn0.e30.' }, 'invalid_request_object'],
      [{ prompt: 'none login' }, 'invalid_request'],
    ]
    for (const [more, error] of answers) {
      const response = await new TestBrowser().get(authorizeUrl(it, docs.application.id, { ...good, ...more }))
      const back = URL.parse(response.headers.get('location') ?? '')
      assert.ok(back, `${JSON.stringify(more)}: ${response.status} ${await response.text()}`)
      const said = back.searchParams.size > 0 ? back.searchParams : new URLSearchParams(back.hash.slice(1))
      assert.deepEqual(
        [said.get('error'), said.get('state'), said.get('iss')],
        [error, 's-1', it.url],
        JSON.stringify(more),
      )
    }
    // Parameters of OpenID Connect that may be passed over are: unknown ones, display, locales (3.1.2.1).
    const more = {
      foo: 'bar',
      display: 'popup',
      ui_locales: 'se',
      claims_locales: 'se',
      login_hint: 'alice',
      nonce: 'n',
    }
    const answered = await exchange(it, docs, await obtainCode(it, docs, alice, { ...more, max_age: '10000' }))
    assert.equal(answered.status, 200, JSON.stringify(answered.body))
    const [, payload] = (answered.body.id_token as string).split('.')
    const claims = JSON.parse(Buffer.from(payload as string, 'base64url').toString())
    assert.equal(typeof claims.auth_time, 'number', 'max_age asks for auth_time (OIDC Core 2)')
    assert.equal(claims.nonce, 'n')
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)
