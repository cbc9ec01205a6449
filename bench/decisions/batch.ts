// `/access/v1/evaluations` of a hundred: how many decisions a second one core makes, each on record before the reply.

import { prepareRequest } from '../support/connection.ts'
import type { Figure } from '../support/figures.ts'
import { formatRate } from '../support/figures.ts'
import { loadAtMost, requireClean } from '../support/load.ts'

const path = '/access/v1/evaluations'
const size = 100
const wanted = 150_000

export interface BatchTarget {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
}

export async function measureBatches({ url, headers }: BatchTarget, rounds: number): Promise<Figure[]> {
  const documents = ['budget', 'welcome', 'roadmap', 'salaries']
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
  for (let round = 0; round < rounds; round++) {
    const load = { url, request: () => prepared, accept, seconds: 2, connections: 8 }
    rates.push(requireClean('batches', await loadAtMost(load)).perSecond * size)
  }
  rates.sort((a, b) => a - b)
  const middle = rates[Math.floor(rates.length / 2)] as number
  return [
    {
      what: `evaluations of ${size}, decisions a second on one core`,
      measured: formatRate(middle),
      target: `≥ ${formatRate(wanted)}`,
      met: middle >= wanted,
    },
  ]
}
