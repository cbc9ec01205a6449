// What the audit log promises: durable appends, events through feed and ledger, proofs, verification, crashes.
import type { Figure } from '../support/figures.ts'
import { measureJournal } from './journal.ts'
import { measureKills } from './kills.ts'
import { measureLedger } from './ledger.ts'
import { measureSinks } from './sinks.ts'
import { measureTree } from './tree.ts'

const parts = {
  journal: measureJournal,
  ledger: measureLedger,
  tree: measureTree,
  sinks: measureSinks,
  kills: measureKills,
}

/** `BENCH_PARTS=journal,ledger` narrows. */
export async function run(): Promise<readonly Figure[]> {
  const asked = process.env.BENCH_PARTS?.split(',') ?? Object.keys(parts)
  const figures: Figure[] = []
  for (const [name, measure] of Object.entries(parts)) {
    if (!asked.includes(name)) continue
    console.log(`${name} …`)
    figures.push(...(await measure()))
  }
  return figures
}
