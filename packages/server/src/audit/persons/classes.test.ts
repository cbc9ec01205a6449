import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FeedEvent } from '#feed'
import { classify, restore } from './classes.ts'

const event: FeedEvent = {
  position: 7,
  type: 'directory.user_suspended',
  atMs: 1,
  organizationId: undefined,
  object: { type: 'User', id: 'user_b', name: 'bob' },
  revision: 1,
  outcome: 'success',
  actor: { type: 'user', id: 'user_a', name: 'alice' },
  requestId: 'r',
  sessionId: 's',
  address: '198.51.100.7',
  context: { device: 'Example/1.0', traceId: 't' },
  changes: { email: { from: 1, to: 2 }, state: { to: 'suspended' } },
  data: { from: 'active', reason: 'left in anger' },
  touches: [],
}

test('classes: names, address, device and details of persons leave the open part, each to its person, and come back whole', () => {
  const { open, personal } = classify(event)
  assert.deepEqual(Object.fromEntries(personal), {
    user_a: { 'actor.name': 'alice', address: '198.51.100.7', 'context.device': 'Example/1.0' },
    user_b: { 'object.name': 'bob', 'data.reason': 'left in anger', 'changes.email': { from: 1, to: 2 } },
  })
  assert.doesNotMatch(JSON.stringify(open), /alice|bob|anger|198\.51|Example|email/)
  const body = JSON.parse(JSON.stringify(open)) as Record<string, unknown>
  for (const members of personal.values()) restore(body, members)
  assert.deepEqual(body, JSON.parse(JSON.stringify(event)))
})

test('classes: what comes from nobody known belongs to whom it was done; without a person nothing is personal', () => {
  const unknown = { ...event, actor: { type: 'anonymous', name: 'anonymous' } as const }
  assert.deepEqual(Object.keys(classify(unknown).personal.get('user_b') ?? {}).slice(0, 2), [
    'address',
    'context.device',
  ])
  const machine = {
    ...event,
    actor: { type: 'system', name: 'x' } as const,
    object: { type: 'Group', id: 'g', name: 'n' },
  }
  assert.equal(classify(machine).personal.size, 0)
  assert.equal(classify(machine).open, machine)
})
