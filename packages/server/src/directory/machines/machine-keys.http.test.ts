import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { makeUser } from '../../../test/support/people.ts'
import { within } from '../../../test/support/token-flow.ts'
import { postForm } from '../../../test/support/tokens.ts'
import { CredentialUses } from '../credentials/credential-uses.ts'
import { tendMachineKeys } from './tend-machine-keys.ts'

const day = 86_400_000

function makeKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { jwk: publicKey.export({ format: 'jwk' }), privateKey }
}

onEachEngine(
  "a machine's key ends after 90 days, rotates with an overlap, says when it was used, and is told of before its end",
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      const olga = await makeUser(api, 'olga')
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const made = await api('POST', '/api/machines', { organizationId: home, name: 'deploy', owner: olga })
      assert.equal(made.body.accessTokenSeconds, 900, 'tokens of machines live 15 minutes')
      const path = `/api/machines/${made.body.id}`
      const register = (jwk: object, more: object = {}) => api('POST', `${path}/keys`, { jwk, ...more })

      const first = makeKey()
      const registered = await register(first.jwk)
      assert.equal(registered.status, 201, JSON.stringify(registered.body))
      const { kid, registeredAtMs, expiresAtMs } = registered.body.key
      assert.equal(expiresAtMs - registeredAtMs, 90 * day)
      assert.equal((await api('GET', path)).body.authMethod, 'private_key_jwt', 'it had no secrets')
      assert.equal((await register({ ...first.jwk, d: 'AA' })).status, 400, 'a private key is refused')
      assert.equal((await register(first.jwk)).status, 400, 'the same key twice')
      assert.equal((await register(makeKey().jwk, { validSeconds: 367 * 86_400 })).status, 400)
      const far = [{ jwk: makeKey().jwk, expiresAtMs: clock.nowMs() + 400 * day }]
      assert.equal((await api('PATCH', path, { keys: far })).status, 400, 'nor by the other way')

      const ask = async (key: typeof first, named: string | undefined = undefined) => {
        const seconds = Math.floor(clock.nowMs() / 1_000)
        const assertion = await new SignJWT({})
          .setProtectedHeader({ alg: 'ES256', ...(named !== undefined && { kid: named }) })
          .setIssuer(made.body.id)
          .setSubject(made.body.id)
          .setAudience(server.url)
          .setJti(randomUUID())
          .setIssuedAt(seconds)
          .setExpirationTime(seconds + 60)
          .sign(key.privateKey)
        return postForm(`${server.url}/oauth/token`, {
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        })
      }
      await within(2_000, async () => (await ask(first)).status === 200)
      await server.tokens.uses.write()
      const used = (await api('GET', path)).body.keys
      assert.deepEqual([used.length, used[0].usedAtMs], [1, clock.nowMs()])

      const second = makeKey()
      const next = await register(second.jwk, { overlapSeconds: 3_600 })
      assert.equal(next.status, 201, JSON.stringify(next.body))
      await within(2_000, async () => (await ask(second, next.body.key.kid)).status === 200)
      assert.equal((await ask(first, kid)).status, 200, 'both, for an hour')
      clock.advanceMs(3_600_000)
      assert.equal((await ask(first, kid)).status, 401, 'and then the new one alone')
      assert.equal((await ask(second, next.body.key.kid)).status, 200)
      await server.tokens.uses.write()

      const report = async (query = '') => {
        const { items } = (await api('GET', `/api/machine-keys?organizationId=${home}${query}`)).body
        return items.flatMap(({ credentials }: { credentials: { id: string; reasons: string[] }[] }) =>
          credentials.map(({ id, reasons }) => [id, reasons]),
        )
      }
      assert.deepEqual(await report('&stale=true'), [[kid, ['ended']]])
      const told = async () => {
        await tendMachineKeys({ storage: server.storage, clock })
        const { items } = (await api('GET', '/api/events?type=directory.machine_key_ending&order=oldest')).body
        return items.map(({ data }: { data: { kid: string; days: number } }) => [data.kid, data.days])
      }
      const id = next.body.key.kid
      assert.deepEqual(await told(), [])
      clock.advanceMs(60 * day)
      await told()
      await until(async () => (await told()).length === 1)
      clock.advanceMs(23 * day)
      await told()
      await until(async () => (await told()).length === 2)
      clock.advanceMs(6 * day)
      await told()
      await until(async () => (await told()).length === 3)
      assert.deepEqual(await told(), [
        [id, 30],
        [id, 7],
        [id, 1],
      ])
      assert.deepEqual(await report('&stale=true'), [
        [kid, ['ended']],
        [id, ['ends-soon']],
      ])
      const doctor = (await api('GET', '/api/doctor')).body
      const check = doctor.findings.find(({ check }: { check: string }) => check === 'machine keys')
      assert.equal(check.status, 'warning')
      clock.advanceMs(day)
      assert.equal((await ask(second, id)).status, 401, 'what has ended proves nobody')

      assert.equal((await api('DELETE', `${path}/keys/${id}`)).status, 204)
      assert.equal((await api('DELETE', `${path}/keys/${id}`)).status, 404)
      assert.deepEqual((await api('GET', path)).body.keys.length, 1)
    }),
)

onEachEngine(
  'an organization shortens keys and secrets for itself; secrets give way to keys only when asked to',
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      const olga = await makeUser(api, 'olga')
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const settings = { tokens: { keyDays: 10 } }
      assert.equal((await api('PATCH', `/api/organizations/${home}`, { settings })).status, 200)
      const tooMany = await api('PATCH', `/api/organizations/${home}`, { settings: { tokens: { keyDays: 367 } } })
      assert.equal(tooMany.status, 400, 'none can widen what the deployment allows')
      const { body } = await api('POST', '/api/machines', { organizationId: home, name: 'deploy', owner: olga })
      const path = `/api/machines/${body.id}`
      const issued = await api('POST', `${path}/secrets`, { validSeconds: 90 * 86_400 })
      assert.equal(issued.status, 201)
      const [secret] = (await api('GET', path)).body.secrets
      assert.equal(secret.expiresAtMs - secret.issuedAtMs, 10 * day)
      const refused = await api('POST', `${path}/keys`, { jwk: makeKey().jwk })
      assert.equal(refused.body.code, 'directory.has_secrets')
      assert.equal((await api('POST', `${path}/keys`, { jwk: makeKey().jwk, validSeconds: 11 * 86_400 })).status, 409)
      const key = await api('POST', `${path}/keys`, { jwk: makeKey().jwk, replaceSecrets: true })
      assert.equal(key.status, 201, JSON.stringify(key.body))
      assert.equal(key.body.key.expiresAtMs - key.body.key.registeredAtMs, 10 * day)
      assert.deepEqual((await api('GET', path)).body.secrets, [])
      const long = await api('POST', `${path}/keys`, { jwk: makeKey().jwk, validSeconds: 11 * 86_400 })
      assert.equal(long.status, 400)

      const uses = new CredentialUses({ storage: server.storage, clock })
      const usedAt = async () => (await api('GET', path)).body.keys[0].usedAtMs
      const atMs = clock.nowMs()
      for (const afterMs of [0, 14 * 60_000, 60_000]) {
        clock.advanceMs(afterMs)
        uses.note(body.id, key.body.key.kid)
        await uses.write()
        assert.equal(await usedAt(), afterMs === 60_000 ? atMs + 15 * 60_000 : atMs, 'a write a quarter of an hour')
      }
      await api('DELETE', `${path}/keys/${key.body.key.kid}`)
      const left = await server.storage.db.selectFrom('credential_notes').selectAll().execute()
      assert.deepEqual(left, [], 'what is noted of a key goes with it')
    }),
)
