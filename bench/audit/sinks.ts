// Sinks that are down or hang while events are written, and how fast one catches up when it is back.

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSinks } from '../../packages/server/src/audit/sinks/run-sinks.ts'
import { webhookSink } from '../../packages/server/src/audit/sinks/webhook.ts'
import { Meter, Secret, systemClock, systemEntropy } from '../../packages/server/src/kernel/index.ts'
import type { Storage } from '../../packages/server/src/storage/index.ts'
import { Outgoing } from '../../packages/server/src/web/index.ts'
import { openAuditHouse } from '../../packages/server/test/support/audit-house.ts'
import { noteEvent } from '../../packages/server/test/support/note-events.ts'
import { type Figure, formatMs, formatRate } from '../support/figures.ts'
import { Latencies, median } from '../support/percentiles.ts'

const rate = 1_000
const rounds = 5
const windowMs = 2_000
/** What waits for the sink when it is back. An hour at a thousand a second is 3,600,000: `BENCH_BACKLOG`. */
const backlog = Number(process.env.BENCH_BACKLOG ?? 60_000)

export async function measureSinks(): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const quiet = () => undefined
  const house = await openAuditHouse(directory, quiet)
  const { storage } = house
  const taking = await takingReceiver()
  const hanging = await hangingReceiver()
  const outgoing = new Outgoing(['127.0.0.1'])
  const hook = (name: string, port: number) =>
    webhookSink(outgoing, systemClock, {
      name,
      url: `http://127.0.0.1:${port}/`,
      format: 'ocsf',
      secret: new Secret('a secret of the bench'),
    })
  const open = () =>
    runSinks({
      storage,
      clock: systemClock,
      entropy: systemEntropy,
      meter: new Meter(),
      onError: quiet,
      pauseMs: 50,
      sinks: [
        { sink: hook('down', taking.closedPort), from: 'start' },
        { sink: hook('hangs', hanging.port), from: 'start' },
      ] as never,
    })
  try {
    const alone: Latencies[] = []
    const beside: Latencies[] = []
    const cpuAlone: number[] = []
    const cpuBeside: number[] = []
    let written = 0
    // In turns: what else the machine does meets both alike.
    for (let round = 0; round < rounds; round++) {
      const before = process.cpuUsage()
      alone.push(await writeAtRate(storage, written, windowMs))
      cpuAlone.push(cpuMillis(before) / (alone.at(-1)?.count ?? 1))
      written += alone.at(-1)?.count ?? 0
      const sinks = await open()
      // Until both have failed: how long it is so is what is measured, not how it begins.
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      const since = process.cpuUsage()
      beside.push(await writeAtRate(storage, written, windowMs))
      cpuBeside.push(cpuMillis(since) / (beside.at(-1)?.count ?? 1))
      written += beside.at(-1)?.count ?? 0
      hanging.cut()
      await sinks.close()
    }
    const filling = progress('events written', backlog)
    while (written < backlog) {
      const to = Math.min(backlog, written + 500)
      await storage.transact(async (tx) => {
        for (let number = written + 1; number <= to; number++) await noteEvent(tx, number)
      })
      written = to
      filling(written)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const size = () => house.ledger.log.checkpoint.size
    const covered = progress('of them in the ledger', written)
    while (size() < written) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      covered(size())
    }
    await taking.listen()
    const cpu = process.cpuUsage()
    const started = performance.now()
    const sinks = await open()
    const sending = progress('of them at the sink', written)
    while (taking.last() < written) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      sending(taking.last())
    }
    const seconds = (performance.now() - started) / 1_000
    const used = process.cpuUsage(cpu)
    const cpuSeconds = (used.user + used.system) / 1e6
    hanging.cut()
    await sinks.close()
    const p = (windows: Latencies[], percent: number) => median(windows.map((window) => window.percentile(percent)))
    const [p50, p99] = [p(alone, 50), p(alone, 99)]
    const [p50Beside, p99Beside] = [p(beside, 50), p(beside, 99)]
    const count = written.toLocaleString('en')
    return [
      { what: `event at ${formatRate(rate)}, no sinks: p50 and p99`, measured: `${formatMs(p50)}, ${formatMs(p99)}` },
      {
        what: 'the same while one sink is down and one hangs: p50 and p99',
        measured: `${formatMs(p50Beside)}, ${formatMs(p99Beside)}`,
        target: 'no slower (1.25 × and 1 ms)',
        met: p50Beside <= p50 * 1.25 + 1 && p99Beside <= p99 * 1.25 + 1,
      },
      {
        what: 'processor time of an event, without and with the two sinks',
        measured: `${formatMs(median(cpuAlone))}, ${formatMs(median(cpuBeside))}`,
        target: 'within 10 %',
        met: median(cpuBeside) <= median(cpuAlone) * 1.1,
      },
      {
        what: `events that a sink got after it was back, of ${count}`,
        measured: taking.count().toLocaleString('en'),
        target: 'all',
        met: taking.missing(written) === 0,
      },
      {
        what: 'caught up at',
        measured: formatRate(written / seconds),
        target: '≥ 10,000/s',
        met: written / seconds >= 10_000,
      },
      {
        what: 'caught up, for each second of processor (sender and receiver in one process)',
        measured: formatRate(written / cpuSeconds),
      },
    ]
  } finally {
    taking.close()
    hanging.close()
    await house.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

function cpuMillis(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1_000
}

/** Says every tenth of a long way; nothing on a short one. */
function progress(what: string, most: number): (done: number) => void {
  let next = most / 10
  return (done) => {
    if (most < 500_000 || done < next) return
    next += most / 10
    console.log(`  ${done.toLocaleString('en')} ${what}`)
  }
}

/** A receiver that is not there at first: its port is known, and closed. */
async function takingReceiver() {
  const seen = new Set<number>()
  let last = 0
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = Buffer.concat(parts).toString('latin1')
    for (const [, found] of body.matchAll(/"sequence":(\d+)/g)) {
      seen.add(Number(found))
      last = Math.max(last, Number(found))
    }
    response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const closedPort = (server.address() as AddressInfo).port
  await new Promise((resolve) => server.close(resolve))
  return {
    closedPort,
    last: () => last,
    count: () => seen.size,
    missing: (size: number) => Array.from({ length: size }, (_, at) => at + 1).filter((one) => !seen.has(one)).length,
    listen: async () => {
      server.listen(closedPort, '127.0.0.1')
      await once(server, 'listening')
    },
    close: () => server.close(),
  }
}

/** Takes connections and says nothing. */
async function hangingReceiver() {
  const open = new Set<Socket>()
  const server = createSocketServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
    socket.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of open) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    close: () => {
      cut()
      server.close()
    },
  }
}

async function writeAtRate(storage: Storage, from: number, ms: number): Promise<Latencies> {
  const latencies = new Latencies()
  const started = performance.now()
  const open: Promise<unknown>[] = []
  let sent = 0
  while (performance.now() - started < ms) {
    for (const due = Math.floor(((performance.now() - started) * rate) / 1_000); sent < due; ) {
      const at = performance.now()
      const number = from + ++sent
      open.push(storage.write((tx) => noteEvent(tx, number)).then(() => latencies.add(performance.now() - at)))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(open)
  return latencies
}
