import assert from 'node:assert/strict'
import { moveMachineIn } from '#directory'
import { systemEntropy } from '#kernel'
import type { Storage } from '#storage'
import { systemAct, testGate } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { within } from '../../../test/support/token-flow.ts'
import { openTokensFixture } from '../../../test/support/tokens.ts'
import { listApiKeys } from './api-key.store.ts'
import type { ApiKeyOwner } from './api-key.ts'
import { issueApiKey } from './issue-api-key.ts'

onEachEngine(
  'an owner who leaves in the moment a key is made leaves no key: one of the two goes first, and the other sees it',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const { storage, clock } = it
    const { gate } = testGate()
    const docs = await it.addClient({ name: 'docs', kind: 'service' })
    const person = await it.addPerson('owner')
    const { machine: first } = await it.addMachine({ name: 'first', owner: person.id })
    const { machine: second } = await it.addMachine({ name: 'second', owner: person.id })
    const { machine: untouched } = await it.addMachine({ name: 'untouched', owner: person.id })
    const directory = { clock, entropy: systemEntropy }
    const leave = (id: typeof first.id) =>
      storage.transact((tx) => moveMachineIn(tx, directory, systemAct, id, 'deactivate'))
    const issue = (owner: string, around: Pick<Storage, 'write'>) => {
      const deps = { ...directory, storage: { ...storage, ...around }, gate }
      const input = { owner, name: 'k', applications: [docs.application.id] }
      return issueApiKey({ ...deps, sessions: { find: async () => undefined }, isAction: () => true }, systemAct, input)
    }
    const live = (owner: string) =>
      listApiKeys(storage.db, { owner: owner as ApiKeyOwner, liveAtMs: clock.nowMs() }, '', 10)

    // The key is written and not committed when its owner leaves: they leave after it, and their leaving ends it.
    let leaving: Promise<unknown> | undefined
    let left = false
    await issue(first.id, {
      write: (body) =>
        storage.write(async (tx) => {
          const value = await body(tx)
          leaving ??= leave(first.id).then(() => {
            left = true
          })
          await new Promise((resolve) => setTimeout(resolve, 150))
          assert.equal(left, false, 'nobody leaves between the look at them and the key')
          return value
        }),
    })
    await leaving
    await within(5_000, async () => (await live(first.id)).length === 0)

    // They leave after the transaction has begun and before it looks at them: it is run again, and refused.
    let began = 0
    const refused = issue(second.id, {
      write: (body) =>
        storage.write(async (tx) => {
          await tx.selectFrom('machines').select('id').where('id', '=', second.id).execute()
          if (began++ === 0 && storage.engine === 'postgres') await leave(second.id)
          return body(tx)
        }),
    })
    if (storage.engine === 'postgres') {
      await assert.rejects(refused, { code: 'tokens.api_key_refused' })
      assert.equal(began, 2)
    } else {
      await refused
      await leave(second.id)
    }
    await within(5_000, async () => (await live(second.id)).length === 0)
    await issue(untouched.id, storage)
    assert.equal((await live(untouched.id)).length, 1)
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)
