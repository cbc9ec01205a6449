// Decisions by the SDK's replica in this process, each in a line of its journal on disk before it is answered, while the journal is shipped.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Gatehouse, LocalDecisions } from '@gatehouse/sdk'
import { gatehouseJson } from '../../examples/story/command.ts'
import { type Figure, formatMs, formatRate } from '../support/figures.ts'
import { type LoadOptions, loadAtRate, requireClean } from '../support/load.ts'

const seconds = 2
const together = 100

/** Live decisions while shipped ones come in: so many a second, for so long. */
const rate = 1_000
const beside = 5
/** So many are left to be shipped then, so that some still wait at the end. */
const backlog = 1_500_000

/** Acme must be applied. @param live a load of decisions over HTTP */
export async function measureLocal(
  url: string,
  data: string,
  rounds: number,
  live: Omit<LoadOptions, 'seconds'>,
): Promise<Figure[]> {
  const app = await gatehouseJson<{ id: string }>(data, 'app', 'show', 'acme/documents')
  const grant = [
    '--role',
    'replica',
    '--to',
    'machine:acme/archiver',
    '--on',
    `Application:${app.id}`,
    '--why',
    'bench',
  ]
  await gatehouseJson(data, 'grant', 'create', ...grant)
  const it = await gatehouseJson<{ clientId: string; secret: string }>(data, 'machine', 'secret', 'acme/archiver')
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-journal-'))
  const errors: unknown[] = []
  const gatehouse = new Gatehouse({
    url,
    application: app.id,
    client: { clientId: it.clientId, clientSecret: it.secret },
    revocations: false,
    calls: { attemptMs: 20_000, totalMs: 20_000 },
    onError: (error) => errors.push(error),
  })
  const journal = { directory, waitingMost: 20_000_000 }
  const local = new LocalDecisions(gatehouse, { journal, bounds: { default: { mostStaleMs: 60_000, beyond: 'deny' } } })
  try {
    await local.ready()
    const evaluations = Array.from({ length: together }, (_, n) => ({
      subject: { type: 'user', id: n % 2 ? 'bob' : 'alice' },
      action: { name: 'read' },
      resource: { type: 'document', id: 'budget' },
    }))
    const rates: number[] = []
    const byCpu: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const untilMs = performance.now() + (round === 0 ? 500 : seconds * 1_000)
      const startedAt = performance.now()
      const cpuBefore = process.cpuUsage()
      let decided = 0
      while (performance.now() < untilMs) {
        const results = await local.evaluateAll(evaluations, { requestId: 'bench' })
        decided += results.length
      }
      if (round === 0) continue
      const { user, system } = process.cpuUsage(cpuBefore)
      rates.push((decided / (performance.now() - startedAt)) * 1_000)
      byCpu.push((decided / (user + system)) * 1_000_000)
    }
    while (local.measures().waiting < backlog) {
      await local.evaluateAll(evaluations, { requestId: 'bench' })
      // The next turn, in which what is shipped goes out.
      await new Promise(setImmediate)
    }
    const shippedBefore = local.measures().shipped
    const steady = requireClean('decisions beside', await loadAtRate({ ...live, rate, seconds: beside }))
    const shippedBeside = local.measures().shipped - shippedBefore
    if (local.measures().waiting === 0) throw new Error('everything was shipped before the end')
    const p99 = steady.latencies.percentile(99)
    const { decisions, shipped, waiting } = local.measures()
    const made = Object.values(decisions).reduce((sum, count) => sum + count, 0)
    if (decisions.allow * 2 !== made || shipped + waiting !== made)
      throw new AggregateError(errors, `not what was to be decided: ${JSON.stringify({ decisions, shipped, waiting })}`)
    const core = median(byCpu)
    const what = `local decisions with journal, ${together} together, shipping beside`
    return [
      { what, measured: formatRate(median(rates)) },
      {
        what: 'the same for each second of a core that the process had',
        measured: formatRate(core),
        target: '≥ 300,000/s',
        met: core >= 300_000,
      },
      {
        what: `decision over HTTP at ${formatRate(rate)} while shipped ones come in (${formatRate(shippedBeside / (beside + 1))}), p99`,
        measured: formatMs(p99),
        target: '≤ 10 ms',
        met: p99 <= 10,
      },
    ]
  } finally {
    await local.close()
    await gatehouse.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
