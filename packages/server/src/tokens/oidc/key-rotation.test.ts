import assert from 'node:assert/strict'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { systemAct } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { credentialsOf } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'

onEachEngine(
  'a new signing key is published before it signs, and the old one verifies until its last token has ended',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const reports = await it.addClient({ name: 'reports', kind: 'service' })
    const id = reports.application.id
    const issue = async () => {
      const form = { grant_type: 'client_credentials' }
      return (await postForm(`${it.url}/oauth/token`, form, credentialsOf(reports))).body.access_token as string
    }
    const kid = (token: string) => decodeProtectedHeader(token).kid
    const published = async () => {
      const { keys } = (await (await fetch(`${it.url}/oauth/jwks`)).json()) as { keys: { kid: string; d?: string }[] }
      assert.deepEqual(
        keys.filter((key) => key.d !== undefined),
        [],
      )
      return keys.map((key) => key.kid)
    }
    const outside = (token: string) => {
      const keys = createRemoteJWKSet(new URL(`${it.url}/oauth/jwks`))
      return jwtVerify(token, keys, { issuer: it.url, audience: id, typ: 'at+jwt', algorithms: ['ES256'] })
    }
    const old = await issue()
    const next = await it.keyring.rotate(systemAct)
    assert.deepEqual(new Set(await published()), new Set([kid(old), next.kid]))
    assert.equal(kid(await issue()), kid(old), 'announced, not yet in use')

    await it.keyring.rotate(systemAct, { atOnce: true })
    const fresh = await issue()
    assert.equal(kid(fresh), next.kid)
    for (const token of [old, fresh]) {
      assert.equal(it.tokens.verifyAccessToken(token, id)?.sub, id)
      assert.equal((await outside(token)).payload.sub, id)
    }
    assert.equal(
      (await postForm(`${it.url}/oauth/introspect`, { token: old }, credentialsOf(reports))).body.active,
      true,
    )

    await it.keyring.rotate(systemAct, { atOnce: true, forget: true })
    assert.equal(it.tokens.verifyAccessToken(fresh, id), undefined, 'its key was stolen')
    await assert.rejects(outside(fresh))
    assert.equal(it.tokens.verifyAccessToken(await issue(), id)?.sub, id)
    await it.close()
  },
)
