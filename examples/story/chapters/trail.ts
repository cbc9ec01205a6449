import assert from 'node:assert/strict'
import { gatehouse, gatehouseJson } from '../command.ts'
import type { Scene } from '../scene.ts'
import type { Departure } from './departure.ts'

interface Step {
  readonly kind: 'event' | 'decision'
  readonly event?: { readonly type: string }
  readonly decision?: { readonly outcome: string; readonly action: { readonly id: string } }
}

/** Everything that one request caused, in one place. */
export async function theTrail({ stage, teller }: Scene, { requestId }: Departure): Promise<void> {
  teller.chapter('The trail of one request')
  const shown = await gatehouse(stage.data, 'events', '--request', requestId)
  assert.equal(shown.code, 0, shown.stderr)
  teller.tell(`gatehouse events --request ${requestId}`)
  teller.quote(shown.stdout)
  const steps = await gatehouseJson<Step[]>(stage.data, 'events', '--request', requestId)
  const types = steps.map((step) => step.event?.type)
  assert.ok(types.includes('directory.user_deactivated'), types.join())
  const decided = steps.find((step) => step.decision?.action.id === 'deactivateUser')
  assert.equal(decided?.decision?.outcome, 'allow')
}
