// How soon the server is ready on its second start, and what it holds when nobody uses it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChildServer } from '../support/child-server.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { type Figure, formatMs } from '../support/figures.ts'
import { Latencies } from '../support/percentiles.ts'

const starts = 7
const idleSeconds = 5

export async function run(): Promise<readonly Figure[]> {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  try {
    const first = await startChildServer({ data })
    await first.stop()
    const ready = new Latencies()
    const processor = new Latencies()
    const resident: number[] = []
    for (let turn = 0; turn < starts; turn++) {
      const server = await startChildServer({ data })
      ready.add(server.readyAfterMs)
      processor.add((cpuSecondsOf(server.pid) ?? Number.NaN) * 1_000)
      if (turn === starts - 1) {
        await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1_000))
        resident.push(server.residentBytes())
      }
      await server.stop()
    }
    const mebibytes = (resident[0] as number) / 2 ** 20
    const middle = ready.percentile(50)
    return [
      { what: 'first start, empty data directory', measured: formatMs(first.readyAfterMs) },
      {
        what: `ready after the process starts (median of ${starts} later starts)`,
        measured: formatMs(middle),
        target: '≤ 1 s',
        met: middle <= 1_000,
      },
      { what: 'processor time until ready (median)', measured: formatMs(processor.percentile(50)) },
      { what: 'ready, the slowest of them', measured: formatMs(ready.percentile(100)) },
      {
        what: `resident memory, idle for ${idleSeconds} s`,
        measured: `${mebibytes.toFixed(0)} MiB`,
        target: '≤ 150 MB',
        met: (resident[0] as number) <= 150e6,
      },
    ]
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}
