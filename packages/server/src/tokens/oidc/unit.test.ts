import assert from 'node:assert/strict'
import { feedMigrations } from '#feed'
import { systemClock } from '#kernel'
import { openStorage } from '#storage'
import { onEmptyDatabase } from '../../../test/support/engines.ts'
import { Replayed, Unit } from './unit.ts'

onEmptyDatabase(
  'what is gone when it is used up refuses the request: nothing else of it is committed',
  async (scratch) => {
    const storage = await openStorage(scratch.address, { clock: systemClock, migrations: feedMigrations })
    const act = { actor: { type: 'anonymous', name: 'anonymous' }, requestId: 'r' } as const
    const unit = new Unit({ storage, clock: systemClock }, act)
    unit.consumeGone('AuthorizationCode')
    await assert.rejects(
      unit.commit(200, async () => assert.fail('the tokens of a used code are never recorded')),
      (error) => error instanceof Replayed && error.artifact.grantId === undefined,
    )
    await unit.commit(400)
    await storage.close()
  },
)
