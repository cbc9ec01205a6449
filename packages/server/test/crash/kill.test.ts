import assert from 'node:assert/strict'
import { onEachEngine } from '../support/engines.ts'
import { killRounds } from './kill-rounds.ts'

onEachEngine(
  'kill -9 under writes: nothing acknowledged is lost, nothing is made twice, positions are contiguous',
  async (scratch) => {
    const { address } = scratch
    const tally = await killRounds({
      rounds: 4,
      writers: 8,
      data: scratch.directory,
      ...(address.engine === 'postgres' && { database: address.url.reveal() }),
    })
    assert.ok(tally.acknowledged >= 4, JSON.stringify(tally))
    assert.ok(tally.cutOff > 0, JSON.stringify(tally))
    assert.deepEqual([tally.lost, tally.doubled], [0, 0])
    assert.ok(tally.events >= tally.acknowledged)
  },
)
