import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFault } from '#kernel'
import { systemAct as act, openDirectory } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { applicationTransitions } from '../applications/application.ts'
import { allowedFrom, move } from '../lifecycle.ts'
import { machineTransitions } from '../machines/machine.ts'
import { organizationTransitions } from '../organizations/organization.ts'
import { inviteUser } from './invite-user.ts'
import { moveUser } from './move-user.ts'
import { findUser } from './user.store.ts'
import { type UserTransition, userTransitions } from './user.ts'

test('the tables of transitions, as they are documented', () => {
  const table = (of: Record<string, { from: readonly string[]; to: string }>) =>
    Object.entries(of).map(([name, { from, to }]) => `${name}: ${from.join(' | ')} → ${to}`)
  assert.deepEqual(table(userTransitions), [
    'invite: deactivated → invited',
    'activate: invited | suspended | deactivated → active',
    'suspend: active → suspended',
    'deactivate: invited | active | suspended → deactivated',
    'delete: invited | active | suspended | deactivated → deleted',
  ])
  assert.deepEqual(table(machineTransitions), [
    'activate: suspended | deactivated → active',
    'suspend: active → suspended',
    'deactivate: active | suspended → deactivated',
    'delete: active | suspended | deactivated → deleted',
  ])
  for (const plain of [organizationTransitions, applicationTransitions])
    assert.deepEqual(table(plain), [
      'activate: suspended → active',
      'suspend: active → suspended',
      'delete: active | suspended → deleted',
    ])
})

test('nothing leads out of deleted, and no transition stays where it is', () => {
  for (const table of [userTransitions, machineTransitions, organizationTransitions, applicationTransitions]) {
    assert.deepEqual(allowedFrom(table as never, 'deleted' as never), [])
    for (const { from, to } of Object.values(table as Record<string, { from: readonly string[]; to: string }>))
      assert.ok(!from.includes(to))
  }
})

const verbs = Object.keys(userTransitions) as UserTransition[]

onEachEngine(
  'any sequence of transitions follows the table: one event and one revision each, a refusal changes nothing',
  async (s) => {
    const deps = await openDirectory(s)
    let turn = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...verbs), { maxLength: 10 }), async (steps) => {
        const { value: user } = await inviteUser(deps, act, deps.home.id, { username: `u${turn++}` })
        let state = user.state
        let revision = 1
        for (const step of steps) {
          const moving = moveUser(deps, act, user.id, step)
          if (state === 'deleted') await assert.rejects(moving, (error) => isFault(error, 'directory.user_unknown'))
          else if (!userTransitions[step].from.includes(state)) {
            await assert.rejects(moving, (error) => isFault(error, 'directory.transition_refused'))
          } else {
            state = move(userTransitions, state, step)
            revision++
            assert.equal((await moving).value.state, state)
          }
          const now = await findUser(deps.storage.db, user.id)
          assert.deepEqual([now?.state, now?.revision], [state, revision])
        }
        const events = await deps.storage.db
          .selectFrom('events')
          .select('revision')
          .where('object_id', '=', user.id)
          .execute()
        assert.deepEqual(
          events.map((event) => event.revision).sort((a, b) => a! - b!),
          Array.from({ length: revision }, (_, at) => at + 1),
        )
      }),
      { numRuns: s.address.engine === 'sqlite' ? 40 : 6 },
    )
    await deps.storage.close()
  },
)

onEachEngine(
  'of many who move a user at once, exactly those succeed that the table allows in some order',
  async (s) => {
    const deps = await openDirectory(s)
    const { value: user } = await inviteUser(deps, act, deps.home.id, { username: 'alice' })
    await moveUser(deps, act, user.id, 'activate')
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => moveUser(deps, act, user.id, 'suspend')))
    assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        assert.ok(isFault(outcome.reason, 'directory.transition_refused'), outcome.reason)
    await deps.storage.close()
  },
)
