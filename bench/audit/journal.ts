// Durable appends to the decision journal under group commit, beside writing the same bytes and calling fdatasync.
import { closeSync, fdatasync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { LineBytes } from '@gatehouse/sdk/line-bytes'
import { Journal } from '../../packages/server/src/authorization/journal/journal.ts'
import { type DecisionRecord, encodeRecord } from '../../packages/server/src/authorization/journal/record.ts'
import { Meter, systemClock } from '../../packages/server/src/kernel/index.ts'
import { type Figure, formatMs, formatRate } from '../support/figures.ts'
import { Latencies, median } from '../support/percentiles.ts'

const flush = promisify(fdatasync)
const writers = 1_024
const rate = 50_000

export async function measureJournal(): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const onError = (where: string, error: unknown) => console.error(where, error)
  // A journal takes up its process's data directory; each part has one of its own.
  const open = (name: string) =>
    Journal.open({
      directory: join(directory, name),
      clock: systemClock,
      meter: new Meter(),
      onError,
      segmentBytes: 2 ** 30,
    })
  try {
    const most: number[] = []
    const bare: number[] = []
    for (let round = 0; round < 3; round++) {
      const journal = await open(`most-${round}`)
      most.push(await appendAtMost(journal, 2_000))
      await journal.close()
      bare.push(await writeAndFlush(join(directory, `bare-${round}`), 2_000))
    }
    const journal = await open('steady')
    await appendAtRate(journal, rate, 1_000)
    const windows: Latencies[] = []
    for (let window = 0; window < 7; window++) windows.push(await appendAtRate(journal, rate, 1_000))
    await journal.close()
    const [best, same] = [median(most), median(bare)]
    const p99 = median(windows.map((window) => window.percentile(99)))
    return [
      {
        what: `journal: durable appends, ${writers} writers`,
        measured: formatRate(best),
        target: '≥ 50,000/s',
        met: best >= 50_000,
      },
      { what: 'the same records encoded, written and flushed, nothing else', measured: formatRate(same) },
      {
        what: 'journal ÷ same bytes and fdatasync',
        measured: `${(best / same).toFixed(2)} ×`,
        target: '≥ 0.5 ×',
        met: best / same >= 0.5,
      },
      {
        what: `journal at ${formatRate(rate)}: append to durable, p99 (median of ${windows.length} seconds)`,
        measured: formatMs(p99),
        target: '≤ 5 ms',
        met: p99 <= 5,
      },
    ]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Every writer appends, waits until the medium has it, and begins again. @returns appends a second */
async function appendAtMost(journal: Journal, ms: number): Promise<number> {
  const started = performance.now()
  let done = 0
  const one = async (writer: number) => {
    for (let turn = 0; performance.now() - started < ms; turn++) {
      await journal.keep([decision(writer * 1_000_000 + turn)])
      await journal.durable()
      done++
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => one(writer)))
  return (done / (performance.now() - started)) * 1_000
}

/** Appends at a rate whatever the answers do, a batch a millisecond as requests come in. @returns append to durable */
async function appendAtRate(journal: Journal, perSecond: number, ms: number): Promise<Latencies> {
  const latencies = new Latencies()
  const started = performance.now()
  const open = new Set<Promise<void>>()
  let sent = 0
  while (performance.now() - started < ms) {
    const due = Math.floor(((performance.now() - started) * perSecond) / 1_000)
    if (due > sent) {
      const at = performance.now()
      journal.append(...Array.from({ length: due - sent }, (_, index) => decision(sent + index)))
      sent = due
      const wait = journal.durable().then(() => {
        latencies.add(performance.now() - at)
        open.delete(wait)
      })
      open.add(wait)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(open)
  return latencies
}

/** As many records a flush as there are writers: what the medium and the encoding alone would give. */
async function writeAndFlush(path: string, ms: number): Promise<number> {
  const fd = openSync(path, 'a', 0o600)
  const lines = new LineBytes()
  const started = performance.now()
  let done = 0
  try {
    while (performance.now() - started < ms) {
      const records = Array.from({ length: writers }, (_, index) => decision(done + index))
      lines.clear()
      records.forEach((record, index) => {
        encodeRecord(lines, done + index, record)
      })
      writeSync(fd, lines.taken())
      await flush(fd)
      done += writers
    }
  } finally {
    closeSync(fd)
  }
  return (done / (performance.now() - started)) * 1_000
}

function decision(number: number): DecisionRecord {
  return {
    atMs: 1_790_000_000_000 + number,
    requestId: `req_${number.toString(36).padStart(12, '0')}`,
    via: 'authzen',
    applicationId: 'app_01h455vb4pex5vsknk084sn02q',
    principal: { type: 'User', id: 'user_01h455vb4pex5vsknk084sn02q' },
    action: { type: 'Action', id: 'read' },
    resource: { type: 'Document', id: String(number) },
    outcome: 'allow',
    reasons: ['policy0'],
    errors: [],
    bundle: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
    position: number,
    tookMicros: 42,
  }
}
