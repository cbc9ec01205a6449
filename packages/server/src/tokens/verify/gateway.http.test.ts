// Bound tokens at the gateway, on the whole server: `/forward-auth` asks for the proof or certificate that the client sent through it.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { addApplication, addMachine, addMachineSecret, addUser, moveUserIn } from '#directory'
import { systemClock, systemEntropy } from '#kernel'
import { systemAct } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { startTestServer } from '../../../test/support/server.ts'
import { within } from '../../../test/support/token-flow.ts'
import { postForm } from '../../../test/support/tokens.ts'

const origin = 'https://docs.example.com'

onEachEngine(
  'forward-auth takes a token bound by DPoP with its proof for this request, and never without (RFC 9449 7)',
  async (scratch) => {
    const server = await startTestServer(scratch)
    try {
      const { storage, url } = server
      const deps = { clock: systemClock, entropy: systemEntropy }
      const home = (await storage.db.selectFrom('organizations').select('id').executeTakeFirstOrThrow()).id as never
      const client = await storage.transact(async (tx) => {
        const made = await addUser(tx, deps, systemAct, home, { username: 'olga' })
        const owner = await moveUserIn(tx, deps, systemAct, made.id, 'activate')
        await addApplication(tx, deps, systemAct, home, {
          name: 'docs',
          kind: 'web',
          origins: [origin],
          scopes: ['read'],
        })
        const machine = await addMachine(tx, deps, systemAct, home, { name: 'm', owner: owner.id, scopes: ['read'] })
        const { secret } = await addMachineSecret(tx, deps, systemAct, machine.id)
        return { id: machine.id, secret: secret.reveal() }
      })
      const { privateKey, publicKey } = await generateKeyPair('ES256')
      const jwk = await exportJWK(publicKey)
      const prove = (htm: string, htu: string, more: Record<string, string> = {}) =>
        new SignJWT({ htm, htu, jti: randomUUID(), ...more })
          .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
          .setIssuedAt()
          .sign(privateKey)
      const dpop = await prove('POST', `${url}/oauth/token`)
      const got = await postForm(`${url}/oauth/token`, { grant_type: 'client_credentials', resource: origin }, client, {
        dpop,
      })
      assert.equal(got.body.token_type, 'DPoP', JSON.stringify(got.body))
      const token = got.body.access_token as string
      const ath = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('base64url')
      const ask = async (scheme: string, proof?: string) => {
        const headers = {
          authorization: `${scheme} ${token}`,
          ...(proof !== undefined && { dpop: proof }),
          'x-forwarded-method': 'GET',
          'x-forwarded-proto': 'https',
          'x-forwarded-host': 'docs.example.com',
          'x-forwarded-uri': '/documents/1?x=y',
        }
        const response = await fetch(`${url}/forward-auth`, { headers })
        return [response.status, response.headers.get('gatehouse-reason') ?? response.headers.get('www-authenticate')]
      }
      // Whom the gateway knows it refuses by policy; whom it does not know, that a token is needed.
      const right = () => prove('GET', `${origin}/documents/1`, { ath })
      await within(5_000, async () => (await ask('DPoP', await right()))[1] === 'gatehouse:no-bundle')
      assert.deepEqual(await ask('DPoP', await right()), [403, 'gatehouse:no-bundle'])
      const refused = [401, 'DPoP error="invalid_token"']
      const once = await right()
      assert.equal((await ask('DPoP', once))[0], 403)
      assert.deepEqual(await ask('DPoP', once), refused, 'replayed')
      assert.deepEqual(await ask('DPoP'), refused, 'no proof')
      assert.equal((await ask('Bearer', await right()))[0], 401, 'as a bearer token')
      assert.deepEqual(
        await ask('DPoP', await prove('POST', `${origin}/documents/1`, { ath })),
        refused,
        'another method',
      )
      assert.deepEqual(await ask('DPoP', await prove('GET', `${origin}/documents/2`, { ath })), refused, 'another path')
      assert.deepEqual(
        await ask('DPoP', await prove('GET', `${url}/forward-auth`, { ath })),
        refused,
        'our own address',
      )
    } finally {
      await server.close()
    }
  },
)
