// `/access/v1/evaluations` of a hundred: how many decisions a second one core makes, each on record before the reply.

import { prepareRequest } from '../support/connection.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import type { Figure } from '../support/figures.ts'
import { formatRate } from '../support/figures.ts'
import { loadAtMost, requireClean } from '../support/load.ts'
import { median } from '../support/percentiles.ts'

const path = '/access/v1/evaluations'
const size = 100
const wanted = 150_000

export interface BatchTarget {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
}

export async function measureBatches({ url, headers }: BatchTarget, pid: number, rounds: number): Promise<Figure[]> {
  const known = await measureBatch(['budget', 'welcome'], { url, headers }, pid, rounds)
  const half = await measureBatch(['budget', 'welcome', 'roadmap', 'salaries'], { url, headers }, pid, rounds)
  return [
    { what: `evaluations of ${size}, decisions a second`, measured: formatRate(known.rate) },
    {
      what: 'the same for each second of a core that the server had, all its threads counted',
      measured: formatRate(known.core),
      target: `≥ ${formatRate(wanted)}`,
      met: known.core >= wanted,
    },
    {
      what: 'the same where half of the documents are unknown, so that a policy errs on each',
      measured: formatRate(half.core),
    },
  ]
}

/** Decisions a second, and for each second of a core. */
async function measureBatch(
  documents: readonly string[],
  { url, headers }: BatchTarget,
  pid: number,
  rounds: number,
): Promise<{ readonly rate: number; readonly core: number }> {
  const people = ['alice', 'bob', 'carol', 'dave']
  const body = JSON.stringify({
    action: { name: 'read' },
    evaluations: Array.from({ length: size }, (_, index) => ({
      subject: { type: 'user', id: people[index % people.length] },
      resource: { type: 'document', id: documents[(index >> 2) % documents.length] },
    })),
  })
  const prepared = prepareRequest(new URL(path, url), { headers, body })
  const accept = (status: number, text: string) => status === 200 && text.split('"decision":').length === size + 1
  const rates: number[] = []
  const byCpu: number[] = []
  const load = { url, request: () => prepared, accept, connections: 8 }
  requireClean('batches', await loadAtMost({ ...load, seconds: 2 }))
  for (let round = 0; round < rounds; round++) {
    const cpuBefore = cpuSecondsOf(pid)
    const { perSecond, latencies } = requireClean(
      'batches',
      await loadAtMost({ ...load, seconds: 2, warmUpSeconds: 0 }),
    )
    const cpuAfter = cpuSecondsOf(pid)
    rates.push(perSecond * size)
    if (cpuBefore !== undefined && cpuAfter !== undefined) byCpu.push((latencies.count * size) / (cpuAfter - cpuBefore))
  }
  return { rate: median(rates), core: byCpu.length > 0 ? median(byCpu) : median(rates) }
}
