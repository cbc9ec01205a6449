import assert from 'node:assert/strict'
import { gatehouseJson } from '../command.ts'
import { type Scene, timed } from '../scene.ts'
import type { Departure } from './departure.ts'
import type { MachineSeen } from './machine.ts'

interface Event {
  readonly position: number
  readonly type: string
}

/** The server is killed in the middle of everything: what it acknowledged is there when it comes back. */
export async function powerCut({ stage, teller }: Scene, before: Departure & { machine: MachineSeen }): Promise<void> {
  teller.chapter('The power goes')
  const events = (limit: string) => gatehouseJson<Event[]>(stage.data, 'events', '--limit', limit)
  const known = await events('1000')
  // Acknowledged in the very moment before the power goes.
  const { id: lastId } = await gatehouseJson<{ id: string }>(
    stage.data,
    'group',
    'create',
    'last-minute',
    '--organization',
    'acme',
  )
  const { value: server } = await timed(() => stage.killAndRestart())
  teller.tell('kill -9, and started again: ready', server.readyAfterMs)

  const after = new Map((await events('1200')).map((event) => [event.position, event.type]))
  for (const { position, type } of known) assert.equal(after.get(position), type, `event ${position} is missing`)
  const positions = [...after.keys()].sort((left, right) => left - right)
  assert.equal(positions.at(-1), positions.length, 'the positions have a gap')
  const groups = await gatehouseJson<{ id: string }[]>(stage.data, 'group', 'list', '--organization', 'acme')
  assert.ok(
    groups.some(({ id }) => id === lastId),
    'the last change is missing',
  )
  const user = await gatehouseJson<{ state: string }>(stage.data, 'user', 'show', before.aliceId)
  assert.equal(user.state, 'deactivated')
  const decisions = await gatehouseJson<{ outcome: string }[]>(
    stage.data,
    'decisions',
    '--request',
    before.machine.deniedRequestId,
  )
  assert.deepEqual(
    decisions.map((decision) => decision.outcome),
    ['deny_policy'],
  )
  teller.tell(
    `All ${known.length} events are there, in order and without a gap; the change acknowledged a moment before; and the decisions, each with its reasons.`,
  )
  const drift = await gatehouseJson<{ changes: unknown[] }>(stage.data, 'diff', stage.files)
  teller.tell(
    `Against the files, ${drift.changes.length === 1 ? 'one thing differs' : `${drift.changes.length} things differ`}: Alice, who left.`,
  )
  assert.equal(drift.changes.length, 1, JSON.stringify(drift.changes))
}
