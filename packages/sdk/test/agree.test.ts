import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalDecisions } from '@gatehouse/sdk'
import fc from 'fast-check'
import { type House, inHouse, until } from './support/house.ts'

const names = ['alice', 'bob', 'carol', 'dana', 'erin', 'archiver', 'ALICE', 'alice@acme.example', 'nobody', 'x y"\\\n']
const documents = ['welcome', 'budget', 'a', 'b', 'c', 'none', 'é"']
const scalar = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.boolean(),
  fc.constantFrom('confidential', 'open', '', null, 1.5),
)
const properties = fc.dictionary(fc.constantFrom('classification', 'owner', 'title', 'clearance', 'parents'), scalar, {
  maxKeys: 3,
})
const entity = (type: fc.Arbitrary<string>, id: fc.Arbitrary<string>) =>
  fc.record({ type, id, properties }, { requiredKeys: ['type', 'id'] })
const evaluation = fc.record(
  {
    subject: entity(fc.constantFrom('user', 'machine', 'User', 'folder', 'unknown'), fc.constantFrom(...names)),
    action: fc.record({ name: fc.constantFrom('read', 'write', 'paint'), properties }, { requiredKeys: ['name'] }),
    resource: entity(
      fc.constantFrom('document', 'Document', 'folder', 'user', 'not a type'),
      fc.constantFrom(...documents),
    ),
    context: fc.dictionary(
      fc.constantFrom('time', 'ip', 'request'),
      fc.oneof(scalar, fc.array(scalar, { maxLength: 2 }), properties),
      {
        maxKeys: 2,
      },
    ),
  },
  { requiredKeys: ['subject', 'action', 'resource'] },
)

const change = fc.oneof(
  fc.record({
    kind: fc.constant('resource' as const),
    id: fc.constantFrom('a', 'b', 'c'),
    classification: fc.constantFrom('open', 'confidential'),
  }),
  fc.record({ kind: fc.constant('gone' as const), id: fc.constantFrom('a', 'b', 'c') }),
  fc.record({
    kind: fc.constant('grant' as const),
    id: fc.constantFrom('a', 'b', 'c'),
    role: fc.constantFrom('viewer', 'editor'),
  }),
)

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

async function apply(house: House, bob: string, it: Change): Promise<void> {
  const { api, applicationId } = house
  const entities = `/api/applications/${applicationId}/entities`
  const uid = { type: 'Document', id: it.id }
  const sent =
    it.kind === 'grant'
      ? await api.call('POST', '/api/grants', {
          applicationId,
          role: it.role,
          principal: { type: 'User', id: bob },
          resource: uid,
          why: 'it',
          untilMs: Date.now() + 86_400_000,
        })
      : await api.call('POST', entities, {
          ...(it.kind === 'resource'
            ? { put: [{ uid, attrs: { title: it.id, classification: it.classification }, parents: [] }] }
            : { delete: [uid] }),
        })
  assert.ok(sent.status < 500, JSON.stringify(sent.body))
}

test('whatever is asked, and whatever has changed, a replica answers as the server does: decision, obligations, or what is wrong', () =>
  inHouse(async (house) => {
    await house.grantReplica()
    const centre = house.gatehouse({ revocations: false })
    const local = new LocalDecisions(house.gatehouse({ revocations: false }), {
      bounds: { default: { mostStaleMs: 60_000, beyond: 'deny' } },
    })
    try {
      await local.ready()
      const bob = await house.idOf('users', 'bob')
      const answered = (asked: Promise<{ decision: boolean; obligations: readonly unknown[] }>) =>
        asked.then(
          ({ decision, obligations }) => ({ decision, obligations }),
          ({ code }) => code,
        )
      const seen = new Set<unknown>()
      await fc.assert(
        fc.asyncProperty(
          fc.array(change, { maxLength: 2 }),
          fc.array(evaluation, { minLength: 8, maxLength: 16 }),
          async (changes, list) => {
            for (const one of changes) await apply(house, bob, one)
            for (const one of list) {
              const question = one as Parameters<typeof local.evaluate>[0]
              const there = await answered(centre.evaluate(question))
              seen.add(typeof there === 'string' ? there : there.decision)
              // A change takes a moment to come here: what differs must agree soon, and stays so.
              let here = await answered(local.evaluate(question))
              if (JSON.stringify(here) !== JSON.stringify(there))
                await until(
                  `agreement on ${JSON.stringify(one)}: ${JSON.stringify({ here, there })}`,
                  async () => {
                    here = await answered(local.evaluate(question))
                    return JSON.stringify(here) === JSON.stringify(there)
                  },
                  1_000,
                )
            }
          },
        ),
        { numRuns: 40 },
      )
      assert.deepEqual([...seen].map(String).sort(), ['false', 'request.invalid', 'true'])
    } finally {
      await local.close()
    }
  }))
