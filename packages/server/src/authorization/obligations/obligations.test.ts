import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onEachEngine } from '../../../test/support/engines.ts'
import { entity, inPdp } from '../../../test/support/pdp.ts'
import { obligationsOf, readObligations } from './obligation.ts'

const bundle = {
  schema: `entity user in [team]; entity team; entity record;
    action read, write, share appliesTo { principal: [user], resource: [record] };`,
  policies: `@id("read") @obligation("step-up, notification") @obligation_acr_value("phr") @obligation_amr_values("mfa hwk")
    @obligation_to("audit") @obligation_body("{principal} wants to {action} {resource}")
    permit (principal is user, action == Action::"read", resource is record);
    @id("plain") permit (principal is user, action == Action::"write", resource is record);
    @id("leaver") @obligation("session_termination")
    forbid (principal == user::"mallory", action, resource);
    @id("sharer") @obligation("custom") @obligation_vendor("dlp") @obligation_mark("{principal}")
    permit (principal in ?principal, action == Action::"share", resource in ?resource);`,
}
const [ann, mallory] = [
  { type: 'user', id: 'ann' },
  { type: 'user', id: 'mallory' },
]
const doc = { type: 'record', id: 'doc' }

onEachEngine(
  'answers carry the obligations of every policy that decided, of permits and forbids alike (profile §3)',
  (scratch) =>
    inPdp(scratch, bundle, async ({ post, push, grant, application }) => {
      await push(
        entity('record', 'doc'),
        entity('team', 't'),
        entity('user', 'ann', {}, [{ type: 'team', id: 't' }]),
        entity('user', 'mallory'),
      )
      const ask = async (subject: object, name: string, more: object = {}) =>
        (await post('/access/v1/evaluation', { subject, action: { name }, resource: doc, ...more })).body
      const reads = [
        { id: 'read:step-up', type: 'step-up', properties: { acr_value: 'phr', amr_values: ['mfa', 'hwk'] } },
        { id: 'read:notification', type: 'notification', properties: { to: 'audit', body: 'ann wants to read doc' } },
      ]
      assert.deepEqual(await ask(ann, 'read'), { decision: true, context: { obligations: reads } })
      assert.deepEqual(await ask(ann, 'write'), { decision: true }, 'nothing else is said where nothing obliges')
      const ends = { id: 'leaver:session_termination', type: 'session_termination', properties: { subject: 'mallory' } }
      assert.deepEqual(await ask(mallory, 'write'), { decision: false, context: { obligations: [ends] } })
      const explained = await ask(mallory, 'write', { options: { explain: true } })
      assert.deepEqual([explained.context.outcome, explained.context.obligations], ['deny_policy', [ends]])

      // Two grants of one template oblige to one thing.
      assert.deepEqual(await ask(ann, 'share'), { decision: false })
      for (const principal of [ann, { type: 'team', id: 't' }]) await grant('sharer', principal, doc)
      const shared = (await ask(ann, 'share')).context.obligations
      assert.deepEqual(
        shared.map(({ type, properties }: { type: string; properties: object }) => [type, properties]),
        [['custom', { vendor: 'dlp', mark: 'ann' }]],
      )
      const batch = await post('/access/v1/evaluations', {
        subject: ann,
        resource: doc,
        evaluations: [{ action: { name: 'read' } }, { action: { name: 'write' } }],
      })
      assert.deepEqual(batch.body.evaluations, [
        { decision: true, context: { obligations: reads } },
        { decision: true },
      ])

      // Search: per result (profile, "Obligations and Search Requests").
      const { type, id } = application
      await grant('searcher', { type, id }, { type, id }, 'builtin')
      const found = (await post('/access/v1/search/action', { subject: ann, resource: doc })).body.results
      assert.deepEqual(found, [
        { name: 'read', obligations: reads },
        { name: 'share', obligations: shared },
        { name: 'write' },
      ])
      const who = await post('/access/v1/search/subject', {
        subject: { type: 'user' },
        action: { name: 'read' },
        resource: doc,
      })
      assert.deepEqual(who.body.results, [{ ...ann, obligations: reads }])
    }),
)

test('annotations that do not read are told, and oblige to what nobody can do', () => {
  const bad: [Record<string, string>, RegExp][] = [
    [{ obligation: 'watermark' }, /there is no obligation "watermark"/],
    [{ obligation: '' }, /names no obligation/],
    [{ obligation: 'step-up' }, /needs @obligation_acr_value/],
    [{ obligation: 'step-up', obligation_acr_value: 'a"b' }, /no authentication context/],
    [{ obligation: 'notification', obligation_to: 'x' }, /needs @obligation_body/],
    [
      { obligation: 'session_termination', obligation_vendor: 'x' },
      /no obligation here has a member @obligation_vendor/,
    ],
    [{ obligation: 'custom, custom' }, /named once/],
    [{ obligation_to: 'x' }, /no obligation here/],
  ]
  for (const [annotations, says] of bad) {
    assert.match(readObligations(annotations).problems.join(), says)
    assert.deepEqual(
      obligationsOf(annotations).map(({ type }) => type),
      ['custom'],
    )
  }
  assert.deepEqual(readObligations({ id: 'x', says: 'y' }), { rules: [], problems: [] })
})
