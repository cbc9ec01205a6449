import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer } from '../../../test/support/house.ts'
import { checkSignInPolicy } from './check-sign-in.ts'

const forbid = '@id("night") forbid (principal, action, resource) when { context.hour == 3 };\n'
const files = {
  'home.yaml': 'organization: home\nsign_in: { time_zone: Europe/Berlin }\nsign_in_policy: rules/sign-in\n',
  'rules/sign-in/night.cedar': forbid,
  'rules/sign-in/tests/night.yaml': `tests:
  - { name: by day, principal: 'User::"a"', action: signIn, resource: 'Organization::"home"', expect: allow }
`,
}

onEachEngine(
  'sign-in policies are applied from files, exported to files, and planned like everything else',
  (scratch) =>
    inServer(scratch, async ({ api }) => {
      const plan = async (sent: object) =>
        (await api('POST', '/api/configuration/plan', { files: sent, prune: false })).body
      const first = await plan(files)
      const changed = first.changes.map((one: { kind: string; name: string }) => `${one.kind} ${one.name}`)
      assert.deepEqual(changed, ['organization home', 'policies @sign-in'], JSON.stringify(first))
      const { fingerprint } = first
      const applied = await api('POST', '/api/configuration/apply', { files, prune: false, fingerprint })
      assert.equal(applied.status, 200, JSON.stringify(applied.body))
      assert.deepEqual((await plan(files)).changes, [])
      const exported = (await api('GET', '/api/configuration/export?organization=home')).body.files
      assert.equal(exported['home/sign-in.policy/night.cedar'], forbid)
      assert.deepEqual((await plan(exported)).changes, [])
      const broken = { ...files, 'rules/sign-in/night.cedar': forbid.replace('hour', 'minute') }
      const refused = await plan(broken)
      assert.equal(refused.code, 'policies.configuration_invalid')
      assert.equal(refused.problems[0].file, 'rules/sign-in/night.cedar')
      const stray = await plan({ ...files, 'other/x.cedar': forbid })
      assert.match(JSON.stringify(stray.problems), /no application, and no sign_in_policy, names this bundle/)
    }),
)

onEachEngine('a test of a policy that errs is denied, as a sign-in is', async () => {
  const check = await checkSignInPolicy({
    'p.cedar':
      '@id("p") forbid (principal, action, resource) when { context.hour + 9223372036854775807 > 0 && context.risk > 5 };',
    'tests/p.yaml': `tests:
  - { name: errs, principal: 'User::"a"', action: stepUp, resource: 'Organization::"home"', expect: deny, because: [] }
`,
  })
  assert.deepEqual(check.problems, [])
})
