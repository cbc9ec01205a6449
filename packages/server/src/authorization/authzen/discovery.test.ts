import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { inHouse, type TestHouse } from '../../../test/support/authorization.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { alice, inFixture as inPdp, read, record1 } from '../../../test/support/pdp-fixture.ts'

onEachEngine(
  'discovery names the endpoints by the configured address, and signs the same (§ PDP metadata)',
  (scratch) =>
    inHouse(scratch, async (house) => {
      const web = await house.web()
      const url = '/.well-known/authzen-configuration'
      const get = async () => {
        const reply = await web.app.inject({ method: 'GET', url, headers: { host: 'evil.example' } })
        assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
        return reply.json() as Record<string, unknown>
      }
      const { signed_metadata: signed, ...plain } = await get()
      const at = 'http://localhost:8080'
      assert.deepEqual(plain, {
        policy_decision_point: at,
        access_evaluation_endpoint: `${at}/access/v1/evaluation`,
        access_evaluations_endpoint: `${at}/access/v1/evaluations`,
        search_subject_endpoint: `${at}/access/v1/search/subject`,
        search_resource_endpoint: `${at}/access/v1/search/resource`,
        search_action_endpoint: `${at}/access/v1/search/action`,
        supported_obligations: ['step-up', 'notification', 'session_termination', 'custom'],
        gatehouse_plan_endpoint: `${at}/access/v1/plan`,
      })
      const { claims, ok } = verified(house, String(signed))
      assert.ok(ok)
      const { iss, iat, ...asserted } = claims
      assert.deepEqual([iss, iat], [at, Math.floor(house.clock.nowMs() / 1_000)])
      assert.deepEqual(asserted, plain, 'signed_metadata itself is no claim of it')
      assert.equal((await get()).signed_metadata, signed, 'signed once, not for every request')
      house.clock.advanceMs(3_600_001)
      assert.notEqual((await get()).signed_metadata, signed)
      await web.app.close()
    }),
)

/** A JWT by a key of the published set, as an outsider checks it. */
function verified(house: TestHouse, jwt: string): { ok: boolean; claims: Record<string, unknown> } {
  const [header = '', payload = '', signature = ''] = jwt.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  const jwk = house.keyring.signingKeys().find(({ kid }) => kid === read(header).kid)
  const key = { key: createPublicKey({ key: { ...jwk }, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const }
  const ok = verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))
  return { ok, claims: read(payload) }
}

onEachEngine('X-Request-ID is an arbitrary string and comes back as it is (§ Request Identification)', (scratch) =>
  inPdp(scratch, async ({ house, post }) => {
    const good = { subject: alice, action: read, resource: record1 }
    for (const id of ['bfe9eb29-ab87-4ca3-be83-a1d5d8305716', 'any string, of {"any"} form; 100 %']) {
      for (const body of [good, { ...good, subject: 7 }]) {
        const { headers } = await post('/access/v1/evaluation', body, { 'x-request-id': id })
        assert.equal(headers['x-request-id'], id)
        const ours = String(headers['gatehouse-request-id'] ?? headers['x-request-id'])
        if (body === good) assert.equal((await house.authorization.journal.find(ours)).length, 1)
      }
    }
  }),
)
