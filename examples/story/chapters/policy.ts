import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gatehouse } from '../command.ts'
import type { Person } from '../people.ts'
import { type Scene, timed, untilTrue } from '../scene.ts'

/** A policy is changed, and the same request turns; rolled back, it turns again. */
export async function thePolicy({ stage, teller }: Scene, bob: Person): Promise<void> {
  teller.chapter('A policy is changed')
  const budget = `${stage.origin}/documents/budget`
  const bundle = join(stage.files, '..', 'changed')
  cpSync(join(stage.files, 'documents'), bundle, { recursive: true })
  const push = () =>
    gatehouse(stage.data, 'policy', 'push', bundle, '--app', 'acme/documents', '--comment', 'Books are open')

  edit(join(bundle, 'policies.cedar'), (text) => text.replace(/@id\("confidential-needs-clearance"\)[\s\S]*?;\n/, ''))
  const refused = await push()
  assert.notEqual(refused.code, 0)
  assert.equal((await bob.visitor.fetch(budget)).status, 403)
  teller.tell(
    'Clearance is no longer asked for, says the new policy. But a test of the bundle still says that Bob may not: it is refused, and nothing changes.',
  )

  edit(join(bundle, 'tests', 'story.yaml'), (text) =>
    text.replace(/(name: Bob, without clearance[\s\S]*?)expect: deny\n\s*because: \[[^\]]*\]\n/, '$1expect: allow\n'),
  )
  const pushed = await timed(push)
  assert.equal(pushed.value.code, 0, pushed.value.stderr)
  teller.tell('With the test changed too: gatehouse policy push', pushed.ms)
  const turnedMs = await untilTrue(
    'Bob may read the budget',
    1_000,
    async () => (await bob.visitor.fetch(budget)).status === 200,
  )
  teller.answer('Bob    GET /documents/budget', 'allowed', 'The same request, the same session.')
  teller.figure('from the reply to the push until the same request turned', turnedMs)

  const back = await timed(() => gatehouse(stage.data, 'policy', 'rollback', '--app', 'acme/documents'))
  assert.equal(back.value.code, 0, back.value.stderr)
  const backMs = await untilTrue(
    'Bob may not any more',
    1_000,
    async () => (await bob.visitor.fetch(budget)).status === 403,
  )
  teller.tell('gatehouse policy rollback takes it back', back.ms)
  teller.answer('Bob    GET /documents/budget', 'denied', '')
  teller.figure('from the reply to the rollback until it turned again', backMs)
}

function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, 'utf8')
  const after = change(before)
  assert.notEqual(after, before, `${file} is not as the story expects`)
  writeFileSync(file, after)
}
