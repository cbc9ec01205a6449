// Events through feed and ledger on SQLite: every one committed, numbered, made a leaf and covered by a signed checkpoint.
import { execFile } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openLedger } from '../../packages/server/src/audit/index.ts'
import { findLedgerState } from '../../packages/server/src/audit/ledger/ledger.store.ts'
import { Feed } from '../../packages/server/src/feed/index.ts'
import { migrations } from '../../packages/server/src/gatehouse.ts'
import { Meter, systemClock, systemEntropy } from '../../packages/server/src/kernel/index.ts'
import { openStorage, type Storage } from '../../packages/server/src/storage/index.ts'
import { testPersonKeys } from '../../packages/server/test/support/audit-house.ts'
import { noteEvent } from '../../packages/server/test/support/note-events.ts'
import { type Figure, formatMs, formatRate } from '../support/figures.ts'
import { Latencies, median } from '../support/percentiles.ts'

const writers = 256
const seconds = Number(process.env.BENCH_SECONDS ?? 8)
const rate = 2_000

/** Measures in a process that is started as the server is: how large the young generation is decides how long it stands still. */
export async function measureLedger(): Promise<readonly Figure[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-semi-space-size=16',
    fileURLToPath(import.meta.url),
  ])
  return JSON.parse(stdout)
}

async function measure(): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const pair = generateKeyPairSync('ed25519')
  const onError = (where: string, error: unknown) => console.error(where, error)
  const storage = await openStorage(
    { engine: 'sqlite', file: join(directory, 'a.db') },
    { clock: systemClock, migrations },
  )
  const meter = new Meter()
  const feed = new Feed({ storage, clock: systemClock, meter, onError })
  const ledger = await openLedger({
    storage,
    feed,
    clock: systemClock,
    entropy: systemEntropy,
    meter,
    key: {
      publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
      sign: (data) => sign(null, data, pair.privateKey),
    },
    persons: testPersonKeys(storage),
    url: 'https://id.example.com',
    onError,
  })
  try {
    // Windows, and the median of their p99: on a machine that others use too, one stall of theirs is not ours.
    const windows: Latencies[] = []
    let written = 0
    for (let window = 0; window < 7; window++) {
      windows.push(await writeAtRate(storage, rate, 1_000))
      written += windows.at(-1)?.count ?? 0
    }
    await integrated(storage, written)
    const cpu = process.cpuUsage()
    const started = performance.now()
    const watching = watchCheckpoints(storage)
    const most = await writeAtMost(storage, written, seconds * 1_000)
    const longestMs = await watching.stop()
    written += most
    const committedPerSecond = (most / (performance.now() - started)) * 1_000
    const size = await integrated(storage, written)
    const perSecond = (most / (performance.now() - started)) * 1_000
    const used = process.cpuUsage(cpu)
    const cpuSeconds = (used.user + used.system) / 1e6
    const p99 = median(windows.map((window) => window.percentile(99)))
    const p50 = median(windows.map((window) => window.percentile(50)))
    return [
      { what: `events committed on SQLite, ${writers} writers`, measured: formatRate(committedPerSecond) },
      {
        what: 'events through feed and ledger, covered by a checkpoint',
        measured: formatRate(perSecond),
        target: '≥ 5,000/s',
        met: perSecond >= 5_000,
      },
      {
        what: 'longest time without a new checkpoint while it is written',
        measured: formatMs(longestMs),
        target: '≤ 1 s',
        met: longestMs <= 1_000,
      },
      { what: 'events through both for each second of processor', measured: formatRate(most / cpuSeconds) },
      { what: `event at ${formatRate(rate)}: asked to committed, p50`, measured: formatMs(p50) },
      {
        what: `event at ${formatRate(rate)}: asked to committed, p99 (median of ${windows.length} seconds)`,
        measured: formatMs(p99),
        target: '≤ 5 ms',
        met: p99 <= 5,
      },
      {
        what: 'events written and leaves in the tree',
        measured: `${written} and ${size}`,
        target: 'equal',
        met: written === size,
      },
    ]
  } finally {
    await ledger.close()
    await feed.close()
    await storage.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function writeAtMost(storage: Storage, from: number, ms: number): Promise<number> {
  const started = performance.now()
  let done = 0
  const one = async () => {
    while (performance.now() - started < ms) {
      const number = from + ++done
      await storage.write((tx) => noteEvent(tx, number))
    }
  }
  await Promise.all(Array.from({ length: writers }, one))
  return done
}

async function writeAtRate(storage: Storage, perSecond: number, ms: number): Promise<Latencies> {
  const latencies = new Latencies()
  const started = performance.now()
  const open: Promise<void>[] = []
  let sent = 0
  while (performance.now() - started < ms) {
    for (const due = Math.floor(((performance.now() - started) * perSecond) / 1_000); sent < due; ) {
      const at = performance.now()
      const number = ++sent
      open.push(storage.write((tx) => noteEvent(tx, number)).then(() => latencies.add(performance.now() - at)))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(open)
  return latencies
}

/** Looks which checkpoint is the newest; told at the end how long the longest stood. */
function watchCheckpoints(storage: Storage) {
  let size = -1
  let sinceMs = performance.now()
  let longestMs = 0
  let stopped = false
  const running = (async () => {
    while (!stopped) {
      const now = (await findLedgerState(storage.db))?.size ?? 0
      longestMs = Math.max(longestMs, performance.now() - sinceMs)
      if (now !== size) sinceMs = performance.now()
      size = now
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  return {
    stop: async () => {
      stopped = true
      await running
      return longestMs
    },
  }
}

async function integrated(storage: Storage, size: number): Promise<number> {
  const until = performance.now() + 120_000
  for (;;) {
    const now = (await findLedgerState(storage.db))?.size ?? 0
    if (now >= size) return now
    if (performance.now() > until) throw new Error(`the ledger is at ${now} of ${size} after two minutes`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

if (import.meta.main) console.log(JSON.stringify(await measure()))
