import assert from 'node:assert/strict'
import { ManualClock, systemEntropy } from '#kernel'
import { openStorage, type Storage } from '#storage'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { migrations } from '../../../test/support/migrations.ts'
import { relyingPartyOf } from '../passkeys/ceremonies.ts'
import { type Attempt, findAttempt, saveAttempt } from './attempt.store.ts'
import { attemptMs, newAttempt } from './begin.ts'
import { challengePasskey } from './by-passkey.ts'

async function inStore(
  scratch: Scratch,
  body: (it: {
    storage: Storage
    clock: ManualClock
    begin(login: string): Promise<Attempt>
    challenge(seen: Attempt | undefined): Promise<{ challenge: string }>
    now(): Promise<Attempt | undefined>
  }) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock(1_700_000_000_000)
  const storage = await openStorage(scratch.address, { clock, migrations })
  const deps = { storage, clock, entropy: systemEntropy, rp: relyingPartyOf('http://localhost:1') }
  const people = { find: async () => assert.fail('nobody is asked for') } as never
  try {
    await body({
      storage,
      clock,
      begin: async (login) => {
        const attempt = { ...newAttempt(deps, 'key', '/account'), login }
        await storage.transact((tx) => saveAttempt(tx, attempt))
        return attempt
      },
      challenge: (seen) => challengePasskey({ ...deps, people }, seen, 'key', '/account'),
      now: () => findAttempt(storage.db, 'key', clock.nowMs()),
    })
  } finally {
    await storage.close()
  }
}

onEachEngine('the challenge that the first page asks for never puts aside what the name began meanwhile', (scratch) =>
  inStore(scratch, async ({ begin, challenge, now }) => {
    const begun = await begin('alice')
    await assert.rejects(challenge(undefined), { code: 'authentication.form_stale' })
    assert.deepEqual(await now(), begun)
    const { challenge: asked } = await challenge(begun)
    assert.deepEqual(await now(), { ...begun, challenge: asked })
    const other = await begin('bob')
    await assert.rejects(challenge(begun), { code: 'authentication.form_stale' })
    assert.deepEqual(await now(), other)
  }),
)

onEachEngine('a first challenge begins an attempt, and so it does in the place of one that ended', (scratch) =>
  inStore(scratch, async ({ clock, begin, challenge, now }) => {
    const { challenge: asked } = await challenge(undefined)
    assert.equal((await now())?.challenge, asked)
    await begin('alice')
    clock.advanceMs(attemptMs)
    assert.equal(await now(), undefined)
    const { challenge: again } = await challenge(undefined)
    assert.equal((await now())?.challenge, again)
    assert.equal((await now())?.login, '')
  }),
)
