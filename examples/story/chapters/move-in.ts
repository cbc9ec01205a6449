import assert from 'node:assert/strict'
import { gatehouse } from '../command.ts'
import { type Scene, timed } from '../scene.ts'

/** A company moves in: its people, groups, application, policies and grants, from files. */
export async function moveIn({ stage, teller }: Scene): Promise<void> {
  teller.chapter('A company moves in')
  teller.tell('Gatehouse is ready, in a process of its own', stage.server.readyAfterMs)
  const { value: applied, ms } = await timed(() => gatehouse(stage.data, 'apply', stage.files))
  assert.equal(applied.code, 0, applied.stderr)
  teller.tell('gatehouse apply examples/acme', ms)
  teller.quote(applied.stdout.trim().split('\n').slice(-2).join('\n'))
  const again = await gatehouse(stage.data, 'diff', stage.files, '--exit-code')
  assert.equal(again.code, 0, again.stdout + again.stderr)
  teller.tell('Applied a second time there is nothing left to change: gatehouse diff says so.')
  teller.tell(`The documents service stands behind ${stage.gateway.name}, at ${stage.origin}.`)
}
