// Kills a writer of events and decisions at random moments, tears what it was writing, and looks for what is missing.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type Tile, verifyLog } from '@gatehouse/tlog'
import { listEvents } from '#feed'
import { readLedgerTile } from '../../src/audit/ledger/database-storage.ts'
import { findLedgerState, listLedgerEntries } from '../../src/audit/ledger/ledger.store.ts'
import { type AuditHouse, openAuditHouse } from '../support/audit-house.ts'

export interface AuditKills {
  readonly rounds: number
  /** How many of the rounds end with a torn last write as well, spread over all. */
  readonly torn: number
  readonly directory: string
  readonly onRound?: (round: number, tally: AuditTally) => void
}

export interface AuditTally {
  acknowledged: number
  lost: number
  /** Positions missing or there twice, in the feed or in the ledger. */
  misplaced: number
  decisionsAcknowledged: number
  decisionsLost: number
  torn: number
  events: number
  /** Checkpoints kept between rounds of which the last log is a continuation. */
  consistent: number
}

const program = fileURLToPath(new URL('../support/audit-process.ts', import.meta.url))

/** @throws when the ledger at the end does not verify, or denies a checkpoint that was kept in between */
export async function auditKills(options: AuditKills): Promise<AuditTally> {
  const tally: AuditTally = {
    acknowledged: 0,
    lost: 0,
    misplaced: 0,
    decisionsAcknowledged: 0,
    decisionsLost: 0,
    torn: 0,
    events: 0,
    consistent: 0,
  }
  const checkpoints: string[] = []
  const seen = { position: 0, number: 0 }
  // The next loads its program while this one is written to, killed and looked at: most of a round would be waiting for that.
  let waiting = startWriter()
  try {
    for (let round = 1; round <= options.rounds; round++) {
      const told = await writeUntilKilled(waiting, options.directory, seen.number)
      if (round < options.rounds) waiting = startWriter()
      if (Math.floor((round * options.torn) / options.rounds) > tally.torn) {
        tear(options.directory)
        tally.torn++
      }
      const house = await openAuditHouse(options.directory, (where, error) => {
        throw new Error(`${where}: ${error}`)
      })
      try {
        await examineRound(house, told, seen, tally)
        checkpoints.push(((await findLedgerState(house.storage.db)) as { checkpoint: string }).checkpoint)
        if (round === options.rounds) {
          await verifyLog({
            checkpoint: checkpoints.at(-1) as string,
            logKey: house.ledger.log.verifierKey,
            read: (tile: Tile) => readLedgerTile(house.storage, tile),
            earlier: checkpoints,
          })
          tally.consistent = checkpoints.length
        }
      } finally {
        await house.close()
      }
      options.onRound?.(round, tally)
    }
  } finally {
    waiting.kill('SIGKILL')
  }
  return tally
}

type WriterProcess = ChildProcessByStdio<Writable, Readable, null>

const startWriter = (): WriterProcess => spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })

async function writeUntilKilled(child: WriterProcess, directory: string, from: number): Promise<string[]> {
  const gone = new Promise((resolve) => child.once('close', resolve))
  child.stdin.on('error', () => undefined) // it is killed with the pipe open
  let told = ''
  child.stdin.write(`${from} ${directory}\n`)
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      told += chunk
      resolve()
    })
    child.once('exit', (code) => reject(new Error(`the writer ended by itself with ${code}`)))
  })
  await new Promise((resolve) => setTimeout(resolve, randomInt(0, 250)))
  child.kill('SIGKILL')
  await gone
  return told.slice(0, told.lastIndexOf('\n')).split('\n')
}

/** What a power cut leaves: the beginning of a record in the journal, part of a page in the log of the database. */
function tear(directory: string): void {
  const journal = join(directory, 'journal')
  for (const name of readdirSync(journal)) {
    if (!/^decisions-.*\.log$/.test(name)) continue
    const lines = readFileSync(join(journal, name))
    const line = lines.subarray(0, lines.indexOf(10) + 1)
    if (line.length > 2) appendFileSync(join(journal, name), line.subarray(0, randomInt(1, line.length - 1)))
  }
  const wal = join(directory, 'a.db-wal')
  if (!existsSync(wal)) return
  const frames = readFileSync(wal).subarray(32)
  const start = randomInt(0, Math.max(1, frames.length - 9_000))
  const half = frames.subarray(start, start + randomInt(1, 9_000))
  appendFileSync(wal, half.length > 0 && randomInt(0, 2) === 0 ? half : randomBytes(randomInt(1, 9_000)))
}

async function examineRound(
  house: AuditHouse,
  told: readonly string[],
  seen: { position: number; number: number },
  tally: AuditTally,
): Promise<void> {
  const acknowledged = new Set(told.filter((line) => line.startsWith('event ')).map((line) => Number(line.slice(6))))
  const events = await listEvents(house.storage.db, seen.position, 1_000_000)
  for (const [index, event] of events.entries()) {
    if (event.position !== seen.position + index + 1) tally.misplaced++
    acknowledged.delete(event.revision as number)
    seen.number = Math.max(seen.number, event.revision as number)
  }
  tally.acknowledged += told.filter((line) => line.startsWith('event ')).length
  tally.lost += acknowledged.size
  const last = seen.position + events.length
  const until = performance.now() + 20_000
  while (((await findLedgerState(house.storage.db))?.size ?? 0) < last) {
    if (performance.now() > until) throw new Error(`the ledger did not reach ${last}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const entries = await listLedgerEntries(house.storage.db, seen.position, 1_000_000)
  for (const [index, entry] of entries.entries()) if (entry.position !== seen.position + index + 1) tally.misplaced++
  if (entries.length !== events.length) tally.misplaced++
  seen.position = last
  tally.events = last
  const decisions = told.filter((line) => line.startsWith('decision ')).map((line) => line.slice(9))
  tally.decisionsAcknowledged += decisions.length
  const kept = new Set((await house.journal.newest(decisions.length + 64)).map((record) => record.requestId))
  tally.decisionsLost += decisions.filter((request) => !kept.has(request)).length
}
