import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildBuiltin, builtinFile } from './build.ts'
import { applicationRoles, loadBuiltin } from './builtin.ts'

test('the stored form of the built-in bundle is what its sources make: node tools/build-builtin.ts writes it anew', async () => {
  assert.equal(readFileSync(builtinFile('roles.est.json'), 'utf8'), await buildBuiltin())
})

test('every role says what it is for, permits known actions, and hands on known roles no wider than itself', () => {
  const { roles, actions } = loadBuiltin()
  assert.deepEqual([...roles.keys()].sort(), [
    'administrator',
    'application-administrator',
    'auditor',
    'decider',
    'delegate',
    'impersonator',
    'operator',
    'owner',
    'policy-administrator',
    'replica',
    'searcher',
    'user-administrator',
  ])
  for (const role of roles.values()) {
    assert.ok(role.says.length > 10, role.name)
    for (const action of role.actions ?? []) assert.ok(actions.has(action), `${role.name}: ${action}`)
    for (const name of role.grantable) {
      if (name === applicationRoles) continue
      const other = roles.get(name)
      assert.ok(other !== undefined, `${role.name} hands on ${name}`)
      if (role.actions === undefined) continue
      // `exportConfiguration`, `viewKeys`: what only auditors see beyond their granter is seeing, never changing.
      const wider = [...(other.actions ?? actions)].filter((action) => !role.actions?.has(action))
      assert.deepEqual(
        wider.filter((action) => !action.startsWith('view')),
        [],
        `${role.name} hands on ${name}`,
      )
    }
  }
})
