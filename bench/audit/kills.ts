// 500 random kill -9 of a process that writes events and decisions, 50 of them with a torn last write besides.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auditKills } from '../../packages/server/test/crash/audit-kills.ts'
import type { Figure } from '../support/figures.ts'

const rounds = Number(process.env.GATEHOUSE_BENCH_KILLS ?? 500)

export async function measureKills(): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  try {
    const tally = await auditKills({
      rounds,
      torn: Math.round(rounds / 10),
      directory,
      onRound: (round, { acknowledged, lost, events }) => {
        if (round % 50 === 0) console.log(`${round} kills: ${acknowledged} acknowledged of ${events}, ${lost} lost`)
      },
    })
    const count = (value: number) => value.toLocaleString('en')
    const none = (what: string, value: number): Figure => ({
      what,
      measured: count(value),
      target: '0',
      met: value === 0,
    })
    return [
      { what: 'kill -9 at a random moment under 16 writers', measured: count(rounds) },
      { what: 'of them with a torn last write in journal and database log', measured: count(tally.torn) },
      { what: 'events acknowledged before a kill', measured: count(tally.acknowledged) },
      none('of them missing afterwards', tally.lost),
      none('positions missing or twice, in feed or ledger', tally.misplaced),
      { what: 'decisions acknowledged before a kill', measured: count(tally.decisionsAcknowledged) },
      none('of them missing afterwards', tally.decisionsLost),
      {
        what: 'checkpoints kept between kills that the last log continues',
        measured: count(tally.consistent),
        target: 'all',
        met: tally.consistent === rounds,
      },
    ]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
