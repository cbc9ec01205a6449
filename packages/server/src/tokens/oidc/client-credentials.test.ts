import assert from 'node:assert/strict'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { onEachEngine } from '../../../test/support/engines.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'
import { paths } from './paths.ts'

onEachEngine(
  'client credentials: a JWT for itself, known to introspection and to the record (RFC 6749 4.4, RFC 9068)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const { application, secret } = await it.addClient({ name: 'reports', kind: 'service', scopes: ['read', 'write'] })
    const client = { id: application.id, secret }
    const got = await postForm(
      `${it.url}${paths.token}`,
      { grant_type: 'client_credentials', scope: 'read admin' },
      client,
    )
    assert.equal(got.status, 200, JSON.stringify([got.body, it.errors]))
    const token = got.body.access_token as string
    assert.equal(decodeProtectedHeader(token).typ, 'at+jwt')
    assert.equal(decodeProtectedHeader(token).alg, 'ES256')
    const claims = decodeJwt(token)
    assert.equal(claims.iss, it.url)
    assert.equal(claims.sub, application.id)
    assert.equal(claims.aud, application.id)
    assert.equal(claims.client_id, application.id)
    assert.equal(claims.scope, 'read')
    assert.equal(got.body.scope, 'read')
    assert.equal(claims.exp! - claims.iat!, got.body.expires_in)

    assert.equal(it.tokens.verifyAccessToken(token, application.id)?.sub, application.id)
    assert.equal(it.tokens.verifyAccessToken(token, it.url), undefined)

    const known = await postForm(`${it.url}${paths.introspection}`, { token }, client)
    assert.equal(known.body.active, true, JSON.stringify([known, it.errors]))
    assert.equal(known.body.scope, 'read')

    const [event] = await it.events('tokens.token_issued')
    assert.equal(event?.actor.id, application.id)
    assert.deepEqual((event?.data as { scopes: string[] }).scopes, ['read'])
    assert.equal(JSON.stringify(event).includes(claims.jti as string), false)
    await it.close()
  },
)
