import assert from 'node:assert/strict'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { TestBrowser } from '../../../test/support/browser.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { listenAsOther } from '../../../test/support/listener.ts'
import { keyedClient } from '../../../test/support/openid.ts'
import { authorizeUrl, credentialsOf, pkce, signInTo } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm, type TokensFixture } from '../../../test/support/tokens.ts'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function assertion(it: TokensFixture, id: string, key: CryptoKey, kid = 'own'): Promise<string> {
  return new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(it.url)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(key)
}

const authenticate = (it: TokensFixture, client_assertion: string) =>
  postForm(`${it.url}/oauth/token`, {
    grant_type: 'client_credentials',
    client_assertion,
    client_assertion_type: assertionType,
  })

onEachEngine(
  'huge, nested and unsigned JWTs are refused wherever one is taken (RFC 8725 3.1, 3.11)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs', oauth: { signedRequests: 'allowed' } })
    const { id, privateKey } = await keyedClient(it, { name: 'keyed', kind: 'service', redirectUris: [] })
    const alice = await it.addPerson('alice')
    const got = await signInTo(it, docs, alice)
    const browser = new TestBrowser()
    browser.set(it.signIn(alice).cookie)
    const unsigned = `${encode({ alg: 'none' })}.${encode({ iss: id, sub: id, aud: it.url, jti: 'x', exp: 2e9 })}.`
    const deep = `${encode({ alg: 'ES256' })}.${Buffer.from('['.repeat(20_000)).toString('base64url')}.AAAA`
    const huge = `${encode({ alg: 'ES256', pad: 'x'.repeat(30_000) })}.${encode({ sub: id })}.AAAA`
    const nested = await new SignJWT({
      request: got.accessToken,
      request_uri: 'https://evil.example',
      client_id: docs.application.id,
    })
      .setProtectedHeader({ alg: 'ES256', kid: 'own' })
      .setIssuer(docs.application.id)
      .setAudience(it.url)
      .sign(privateKey)
    const { challenge } = pkce()
    for (const [what, jwt] of Object.entries({ unsigned, deep, huge, nested })) {
      const client = await authenticate(it, jwt)
      assert.ok([400, 401].includes(client.status), `assertion ${what}: ${client.status}`)
      const proof = { dpop: jwt }
      const bound = await postForm(
        `${it.url}/oauth/token`,
        { grant_type: 'client_credentials' },
        credentialsOf(docs),
        proof,
      )
      assert.ok(bound.status >= 400 && bound.status < 500, `proof ${what}: ${bound.status}`)
      const asked = await postForm(`${it.url}/oauth/introspect`, { token: jwt }, credentialsOf(docs))
      assert.ok(asked.status === 400 || asked.body.active === false, `introspection ${what}`)
      const info = await fetch(`${it.url}/oauth/userinfo`, { headers: { authorization: `Bearer ${jwt}` } })
      assert.ok([400, 401, 431].includes(info.status), `userinfo ${what}: ${info.status}`)
      const request = { code_challenge: challenge, code_challenge_method: 'S256' }
      for (const more of [{ request: jwt }, { id_token_hint: jwt }]) {
        const url = authorizeUrl(it, docs.application.id, { ...request, ...more })
        const answer = await browser.get(url)
        const refusal = answer.headers.get('location') ?? ''
        assert.ok(
          answer.status >= 400 || /error=/.test(refusal),
          `${Object.keys(more)} ${what}: ${answer.status} ${refusal}`,
        )
      }
    }
    assert.deepEqual(it.errors, [], 'none of it is a fault of ours')
    await it.close()
  },
)

onEachEngine(
  'keys of a client at a hostile address: nothing private is asked, nothing is followed (RFC 9700 4.11)',
  async (scratch) => {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'own', alg: 'ES256', use: 'sig' }
    const keys = JSON.stringify({ keys: [jwk] })
    const inner = await listenAsOther(() => ({ status: 200, body: keys }))
    const outer = await listenAsOther(({ path }) => {
      if (path === '/keys') return { status: 200, body: keys }
      if (path === '/large') return { status: 200, body: JSON.stringify({ keys: [jwk], pad: 'x'.repeat(200_000) }) }
      if (path === '/private')
        return {
          status: 200,
          body: JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'own', alg: 'HS256' }] }),
        }
      return path === '/html' ? { status: 200, body: '<html>' } : { status: 500, body: '' }
    })
    const it = await openTokensFixture(scratch)
    const clientAt = async (name: string, jwksUri: string) => {
      const input = { name, kind: 'service', authMethod: 'private_key_jwt', oauth: { jwksUri } } as const
      return (await it.addClient(input)).application.id
    }
    const good = await clientAt('good', `${outer.url}/keys`)
    assert.equal((await authenticate(it, await assertion(it, good, privateKey))).status, 200)
    const rows: [string, string][] = [
      ['large', `${outer.url}/large`],
      ['private', `${outer.url}/private`],
      ['html', `${outer.url}/html`],
      ['gone', `${outer.url}/gone`],
      ['metadata', 'https://169.254.169.254/keys'],
      ['inside', 'https://10.0.0.1/keys'],
      ['loopback', inner.url.replace('127.0.0.1', 'localhost').replace('http:', 'https:')],
      ['six', 'https://[::1]/keys'],
    ]
    for (const [name, uri] of rows) {
      const id = await clientAt(name, uri)
      const { status, body } = await authenticate(it, await assertion(it, id, privateKey))
      assert.ok([400, 401].includes(status), `${name}: ${status} ${JSON.stringify(body)}`)
    }
    assert.deepEqual(inner.heard, [])
    await it.close()
    await inner.close()
    await outer.close()
  },
)

onEachEngine(
  'no answer is for another server: the issuer is named, and what names another is refused (RFC 9207 2, RFC 9700 4.4)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const { id, privateKey } = await keyedClient(it, { name: 'keyed', kind: 'service', redirectUris: [] })
    const other = { url: 'https://other.example' } as TokensFixture
    assert.equal(
      (await authenticate(it, await assertion(other, id, privateKey))).status,
      401,
      'an assertion for another server',
    )
    const docs = await it.addClient({ name: 'docs' })
    const browser = new TestBrowser()
    browser.set(it.signIn(await it.addPerson('alice')).cookie)
    const { challenge } = pkce()
    const good = { code_challenge: challenge, code_challenge_method: 'S256' }
    for (const more of [{}, { prompt: 'none', max_age: 'x' }, { scope: 'nothing' }]) {
      const answer = await browser.get(authorizeUrl(it, docs.application.id, { ...good, ...more }))
      const back = new URL(answer.headers.get('location') as string)
      assert.equal(back.searchParams.get('iss'), it.url, `${back}`)
    }
    await it.close()
  },
)
