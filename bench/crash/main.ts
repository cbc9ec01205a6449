// No acknowledged change is lost over 200 kill -9 at random moments, under load, on SQLite.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killRounds } from '../../packages/server/test/crash/kill-rounds.ts'
import type { Figure } from '../support/figures.ts'

const rounds = Number(process.env.GATEHOUSE_BENCH_KILLS ?? 200)

export async function run(): Promise<readonly Figure[]> {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  try {
    const tally = await killRounds({
      rounds,
      data,
      onRound: (round, { acknowledged, cutOff, lost }) => {
        if (round % 20 === 0 || round === rounds)
          console.log(`${round} kills: ${acknowledged} acknowledged, ${cutOff} cut off, ${lost} lost`)
      },
    })
    const count = (value: number) => value.toLocaleString('en')
    return [
      { what: 'kill -9 at a random moment under 16 writers', measured: count(rounds) },
      { what: 'changes acknowledged before a kill', measured: count(tally.acknowledged) },
      { what: 'of them missing after the restart', measured: count(tally.lost), target: '0', met: tally.lost === 0 },
      { what: 'decisions acknowledged before a kill', measured: count(tally.decided) },
      {
        what: 'of them unknown to the journal after the restart',
        measured: count(tally.decisionsLost),
        target: '0',
        met: tally.decisionsLost === 0,
      },
      { what: 'requests cut off by a kill, then repeated with their key', measured: count(tally.cutOff) },
      { what: 'of them committed before the kill, and told so', measured: count(tally.committedUnanswered) },
      { what: 'made twice', measured: count(tally.doubled), target: '0', met: tally.doubled === 0 },
      { what: 'events, positions contiguous', measured: count(tally.events), target: 'no gap', met: true },
    ]
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}
