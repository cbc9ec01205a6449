import assert from 'node:assert/strict'
import { activateUser, createMachine, deactivateUser, inviteUser } from '#directory'
import { systemAct as act, openDirectory } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { orphansCheck } from './orphans.ts'

onEachEngine('the doctor names machines whose owner has left, and says what to do', async (scratch) => {
  const deps = await openDirectory(scratch)
  const { run } = orphansCheck(deps.storage)
  assert.deepEqual(await run(), { status: 'ok', says: 'Every machine has an owner' })
  const { value: alice } = await inviteUser(deps, act, deps.home.id, { username: 'alice' })
  await activateUser(deps, act, alice.id)
  await createMachine(deps, act, deps.home.id, { name: 'archiver', owner: alice.id })
  assert.equal(((await run()) as { status: string }).status, 'ok')
  await deactivateUser(deps, act, alice.id)
  const found = (await run()) as { status: string; says: string; advice: string }
  assert.equal(found.status, 'warning')
  assert.equal(found.says, 'Nobody owns archiver (1)')
  assert.match(found.advice, /orphaned=true/)
  await deps.storage.close()
})
