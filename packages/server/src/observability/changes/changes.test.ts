import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acmeBundle } from '../../../test/support/acme.ts'
import { applyAcme } from '../../../test/support/acme-house.ts'
import { rehearse } from '../../../test/support/alerts.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { judgeChanges, measureChanges } from './policy-changes.ts'

type Activations = Parameters<typeof judgeChanges>[0]

test('a rollback undoes what was applied since the bundle it goes back to; an alert blames the deploy it names', () => {
  const made = (application: string, number: number, kind: string, hash: string) => ({
    applicationId: application,
    number,
    kind,
    hash,
    activatedAtMs: 1_000 * number,
    by: { type: 'user', name: 'alice' },
  })
  const activations = [
    made('app_a', 5, 'apply', 'E'),
    made('app_a', 4, 'rollback', 'A'),
    made('app_b', 4, 'apply', 'B'),
    made('app_a', 3, 'apply', 'C'),
    made('app_a', 2, 'apply', 'B'),
    made('app_a', 1, 'apply', 'A'),
  ] as unknown as Activations
  const cause = { kind: 'policy-deploy', subject: 'a', atMs: 5_000 } as const
  const judged = judgeChanges(activations, [{ id: 'alert_1', cause }, { id: 'alert_2' }])
  assert.deepEqual(
    judged.map(({ ownerId, hash, outcome, alertId }) => [ownerId, hash, outcome, alertId]),
    [
      ['app_a', 'E', 'denied', 'alert_1'],
      ['app_b', 'B', 'kept', undefined],
      ['app_a', 'C', 'rolled_back', undefined],
      ['app_a', 'B', 'rolled_back', undefined],
      ['app_a', 'A', 'kept', undefined],
    ],
  )
})

onEachEngine(
  'changes of policies have an error budget: one that is rolled back is within it, a second spends it and opens one ticket of its own',
  async (scratch) => {
    const { api, clock, meter, run, calm, decisions, alerts, close } = await rehearse(scratch)
    measureChanges({ storage: api.storage, clock, meter })
    try {
      const { applicationId } = await applyAcme(api)
      const path = `/api/applications/${applicationId}/policies`
      const push = async (comment: string) => {
        const files = acmeBundle()
        for (const [name, text] of Object.entries(files))
          if (name.endsWith('.cedar')) files[name] = `${text}// ${comment}\n`
        const reply = await api.call('PUT', path, { files, comment }, { headers: { 'if-match': '*' } })
        assert.equal(reply.status, 200, JSON.stringify(reply.body))
      }
      const rollBack = async () => {
        const reply = await api.call('POST', `${path}/rollback`, {}, { headers: { 'if-match': '*' } })
        assert.equal(reply.status, 200, JSON.stringify(reply.body))
      }
      const report = async () => (await api.call('GET', '/api/observability/policy-changes')).body
      await push('wider')
      await rollBack()
      await run(60, calm)
      assert.deepEqual(await alerts(), [])
      const first = await report()
      assert.deepEqual([first.total, first.bad, first.allowed, first.spent], [2, 1, 1, false])
      assert.deepEqual(
        first.items.map(({ owner, outcome, comment }: Record<string, string>) => [owner, outcome, comment]),
        [
          ['documents', 'rolled_back', 'wider'],
          ['documents', 'kept', 'configuration'],
        ],
      )

      // The next one is not rolled back, but denies whom it should not.
      await push('narrower')
      await run(20 * 60, () => {
        decisions.inc({ via: 'authzen', outcome: 'deny_default' }, 25)
        decisions.inc({ via: 'authzen', outcome: 'allow' }, 25)
      })
      const spent = await report()
      assert.deepEqual([spent.bad, spent.spent, spent.items[0].outcome], [2, true, 'denied'])
      const open = await alerts()
      assert.deepEqual(
        open
          .map(({ objective, severity, identity, cause }) => [objective, severity, identity, cause !== undefined])
          .sort(),
        [
          ['policy-changes', 'ticket', 'ticket:policy-changes', false],
          ['unexpected-denies', 'ticket', 'policy-deploy:documents', true],
        ],
      )
      assert.equal(spent.items[0].alertId, open.find(({ cause }) => cause !== undefined)?.id)
      assert.match(
        String(open.find(({ objective }) => objective === 'policy-changes')?.says),
        /67 % did not in 30 days/,
      )
      const marks = (await api.call('GET', '/api/observability/objectives/unexpected-denies/series?hours=1')).body.marks
      assert.deepEqual(
        marks.map(({ what }: { what: string }) => what),
        ['policy-deploy', 'policy-deploy', 'policy-rollback', 'policy-deploy'],
      )
    } finally {
      await close()
    }
  },
)
