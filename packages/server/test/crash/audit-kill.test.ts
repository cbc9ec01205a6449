import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { auditKills } from './audit-kills.ts'

test('kill -9 and torn last writes: nothing acknowledged is lost, no position is missing or twice, the log never forks', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const tally = await auditKills({ rounds: 6, torn: 3, directory })
  const { acknowledged, decisionsAcknowledged, events, ...rest } = tally
  assert.ok(acknowledged > 0 && decisionsAcknowledged > 0 && events >= acknowledged)
  assert.deepEqual(rest, { lost: 0, misplaced: 0, decisionsLost: 0, torn: 3, consistent: 6 })
})
