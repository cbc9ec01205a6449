// What the OpenID Foundation's plan "FAPI-CIBA" sends to the backchannel endpoint, by the names of its modules.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type CryptoKey, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { onEachEngine } from '../../../test/support/engines.ts'
import { keyedClient } from '../../../test/support/openid.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'

const grantType = 'urn:openid:params:grant-type:ciba' as const
const input = { redirectUris: [], grantTypes: [grantType], oauth: { signedRequests: 'required' } as const }
const hour = 3_600

onEachEngine(
  'CIBA by a signed request: only whole, of this client, for us and not for longer than an hour; then it can run out (CIBA 7.1.1, FAPI-CIBA 5.2.2)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const till = await keyedClient(it, { name: 'till', ...input })
    const other = await keyedClient(it, { name: 'other', ...input })
    await it.addPerson('alice')
    const now = Math.floor(Date.now() / 1_000)
    const sign = (claims: JWTPayload, key: CryptoKey, alg = 'ES256', typ?: string) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid: 'own', ...(typ !== undefined && { typ }) }).sign(key)
    const whole = (): JWTPayload => ({
      ...{ iss: till.id, aud: it.url, iat: now, nbf: now, exp: now + 300, jti: randomUUID() },
      ...{ scope: 'openid', login_hint: 'alice', binding_message: 'K-1' },
    })
    const proof = async (client = till) => ({
      client_id: client.id,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await sign(
        { iss: client.id, sub: client.id, aud: it.url, exp: now + 60, jti: randomUUID() },
        client.privateKey,
      ),
    })
    const ask = async (form: Record<string, string>) =>
      postForm(`${it.url}/oauth/backchannel`, { ...(await proof()), ...form })
    const poll = async (auth_req_id: string, client = till) => {
      const form = { ...(await proof(client)), grant_type: grantType, auth_req_id }
      return (await postForm(`${it.url}/oauth/token`, form)).body.error
    }

    const without = (name: string) => {
      const { [name]: _, ...rest } = whole()
      return rest
    }
    const rsa = await generateKeyPair('RS256')
    const none = [{ alg: 'none' }, whole()].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const wrong: Record<string, string | Promise<string>> = {
      ...Object.fromEntries(
        ['aud', 'iss', 'exp', 'iat', 'nbf', 'jti'].map((name) => [
          `request-object-missing-${name}`,
          sign(without(name), till.privateKey),
        ]),
      ),
      'request-object-bad-aud': sign({ ...whole(), aud: 'https://other.example' }, till.privateKey),
      'request-object-bad-iss': sign({ ...whole(), iss: other.id }, till.privateKey),
      'request-object-expired-exp': sign({ ...whole(), nbf: now - 600, exp: now - 300 }, till.privateKey),
      'request-object-exp-is-70-minutes-in-future': sign({ ...whole(), exp: now + 70 * 60 }, till.privateKey),
      'request-object-nbf-is-10-minutes-in-future': sign(
        { ...whole(), nbf: now + 600, exp: now + 900 },
        till.privateKey,
      ),
      'request-object-nbf-is-70-minutes-in-past': sign({ ...whole(), nbf: now - 70 * 60 }, till.privateKey),
      'request-object-signature-algorithm-is-none': `${none.join('.')}.`,
      'request-object-signature-algorithm-is-RS256': sign(whole(), rsa.privateKey, 'RS256'),
      'request-object-signed-by-other-client': sign(whole(), other.privateKey),
    }
    for (const [module, made] of Object.entries(wrong)) {
      const { status, body } = await ask({ request: await made })
      assert.deepEqual([status, body.error], [400, 'invalid_request'], `${module}: ${JSON.stringify(body)}`)
    }
    const hints = { ...whole(), id_token_hint: 'a.b.c' }
    const twoHints = await ask({ request: await sign(hints, till.privateKey) })
    assert.equal(twoHints.body.error, 'invalid_request', 'authorization-request-with-multiple-hints')
    const plain = await ask({ scope: 'openid', login_hint: 'alice' })
    assert.equal(plain.body.error, 'invalid_request', 'backchannel-authorization-request-without-request')
    assert.equal((await it.events('tokens.sign_in_requested')).length, 0, 'nobody was asked')

    const first = await ask({ request: await sign({ ...whole(), exp: now + hour }, till.privateKey) })
    assert.equal(first.status, 200, `as long as may be: ${JSON.stringify(first.body)}`)
    const id = first.body.auth_req_id as string
    assert.equal(await poll(id), 'authorization_pending')
    assert.equal(await poll(id, other), 'invalid_grant', 'wrong-auth-req-id-in-token-endpoint-request')
    const typed = await sign({ ...whole(), requested_expiry: 30 }, till.privateKey, 'ES256', 'oauth-authz-req+jwt')
    const short = await ask({ request: typed })
    assert.deepEqual([short.status, short.body.expires_in], [200, 30], JSON.stringify(short.body))
    it.clock.movedMs += 31_000
    assert.equal(await poll(short.body.auth_req_id as string), 'expired_token', 'auth-req-id-expired')
    assert.equal(await poll(short.body.auth_req_id as string, other), 'invalid_grant')
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)
