import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onEachEngine } from '../../../test/support/engines.ts'
import { entity, inPdp } from '../../../test/support/pdp.ts'
import { classifyPolicyError } from '../engine/policy-error.ts'
import { Masks, masked, withoutValues } from './masks.ts'

const bundle = {
  schema: `entity user in [team] { level: Long, api_key?: String, case_number?: String }; entity team;
    entity folder in [folder]; entity record in [folder] { level: Long };
    action read, write, "open", sum, peek, quote appliesTo { principal: [user], resource: [record],
      context: { zone?: String, number: Long } };`,
  policies: `@id("member") @says("Members read what lies in their folder")
    permit (principal in team::"t", action == Action::"read", resource in folder::"f");
    @id("level") permit (principal is user, action == Action::"write", resource is record) when { principal.level >= resource.level };
    @id("hole") forbid (principal is user, action == Action::"open", resource is record) when { context.number > 1 };
    @id("opener") permit (principal is user, action == Action::"open", resource is record);
    @id("sum") permit (principal is user, action == Action::"sum", resource is record) when { principal.level + 9223372036854775807 > 0 };
    @id("peek") permit (principal is user, action == Action::"peek", resource is record)
      when { principal has api_key && principal.api_key == "k-4711" };
    @id("quote") permit (principal is user, action == Action::"quote", resource is record)
      when { principal has case_number && principal.case_number == "n-1" };
    @id("viewer") permit (principal in ?principal, action == Action::"read", resource in ?resource);`,
  manifest: { secretAttributes: ['case_number'] },
}
const ann = { type: 'user', id: 'ann' }
const doc = { type: 'record', id: 'doc' }

onEachEngine(
  'explained: who forbids, or which permits came close and by what; secrets are masked, erring policies told',
  (scratch) =>
    inPdp(scratch, bundle, async ({ house, post, push, grant }) => {
      await push(
        entity('folder', 'f'),
        entity('record', 'doc', { level: 5 }, [{ type: 'folder', id: 'f' }]),
        entity('user', 'ann', { level: 2, api_key: 'k-secret', case_number: 'n-secret' }),
      )
      const ask = async (name: string, context: object = {}) => {
        const body = { subject: ann, action: { name }, resource: doc, context, options: { explain: true } }
        return (await post('/access/v1/evaluation', body)).body.context
      }
      const read = await ask('read')
      assert.deepEqual([read.outcome, read.says, read.reasons], ['deny_default', 'Nothing permits it', []])
      assert.deepEqual(read.nearly, [
        { id: 'member', says: 'Members read what lies in their folder', outOfScope: ['principal in team::"t"'] },
      ])
      await grant('viewer', ann, { type: 'folder', id: 'f' })
      const allowed = await ask('read')
      assert.equal(allowed.nearly, undefined)
      assert.equal(allowed.reasons[0].role, 'viewer')
      assert.deepEqual(allowed.reasons[0].paths, [[doc, { type: 'folder', id: 'f' }]])

      const write = await ask('write')
      assert.deepEqual(write.nearly[0].failed, {
        kind: 'when',
        text: 'principal.level >= resource.level',
        values: [
          { expression: 'principal.level', value: '2' },
          { expression: 'resource.level', value: '5' },
        ],
      })
      for (const [action, name] of [
        ['peek', 'api_key'],
        ['quote', 'case_number'],
      ] as const) {
        const hidden = await ask(action)
        assert.equal(hidden.nearly[0].failed.text, `principal.${name} == "…"`)
        assert.deepEqual(hidden.nearly[0].failed.values, [{ expression: `principal.${name}`, value: masked }])
        assert.ok(!/k-secret|k-4711|n-secret|n-1"/.test(JSON.stringify(hidden)))
      }

      // A forbid that errs is skipped: told, and counted as the hole it is.
      const open = await ask('open')
      assert.equal(open.outcome, 'allow')
      assert.deepEqual(open.errors, [
        {
          policy: 'hole',
          effect: 'forbid',
          kind: 'missing-attribute',
          attribute: 'number',
          message: 'error while evaluating policy `hole`: record does not have the attribute `number`',
        },
      ])
      const sum = await ask('sum')
      assert.deepEqual([sum.outcome, sum.errors[0].kind, sum.errors[0].effect], ['deny_error', 'overflow', 'permit'])
      assert.ok(!sum.errors[0].message.includes('9223372036854775807'))
      const forbidden = await ask('open', { number: 2 })
      assert.deepEqual([forbidden.outcome, forbidden.reasons], ['deny_policy', [{ id: 'hole' }]])
      const text = await house.meter.expose()
      const counted = (effect: string, kind: string) =>
        new RegExp(`authorization_policy_errors_total\\{via="authzen",effect="${effect}",kind="${kind}"\\} 1`)
      assert.match(text, counted('forbid', 'missing-attribute'))
      assert.match(text, counted('permit', 'overflow'))
      assert.ok(!text.includes('hole'), 'no policy is a label')
    }),
)

test('what the engine says of a policy that erred has a kind, and names what is missing', () => {
  const at = 'error while evaluating policy `p`: '
  assert.deepEqual(classifyPolicyError(`${at}\`user::"a"\` does not have the attribute \`x\``), {
    kind: 'missing-attribute',
    attribute: 'x',
  })
  assert.deepEqual(classifyPolicyError(`${at}\`user::"a"\` does not have the tag \`t\``), {
    kind: 'missing-tag',
    attribute: 't',
  })
  assert.deepEqual(classifyPolicyError(`${at}entity \`user::"a\nb"\` does not exist`), { kind: 'missing-entity' })
  assert.deepEqual(classifyPolicyError(`${at}type error: expected long, got string`), { kind: 'type' })
  assert.deepEqual(classifyPolicyError('something else'), { kind: 'engine' })
  assert.equal(
    withoutValues(`${at}error while evaluating \`decimal\` extension function: \`12x\` is not a decimal`),
    `${at}error while evaluating \`decimal\` extension function`,
  )
})

test('masks: by the manifest, by words of a name, and in values that hold such names', () => {
  const masks = new Masks(['shoe'])
  const shown = (expression: string, value: string) =>
    masks.clause({ kind: 'when', text: `${expression} == "x"`, values: [{ expression, value }], error: undefined })
  for (const name of ['shoe', 'userPassword', 'api_key', 'ACCESS_TOKEN', 'pin', 'clientSecret'])
    assert.deepEqual(shown(`context.${name}`, '"v"').values[0]?.value, masked, name)
  for (const name of ['shipping', 'key', 'shoes', 'tokenization', 'opinion'])
    assert.deepEqual(shown(`context.${name}`, '"v"').values[0]?.value, '"v"', name)
  assert.equal(shown('context', '{"password": "v"}').values[0]?.value, masked)
  assert.equal(shown('principal.getTag("pin")', '"1"').text, 'principal.getTag("…") == "…"')
})
