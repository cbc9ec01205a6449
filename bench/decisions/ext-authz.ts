// Envoy's question over gRPC, each decision on record before its answer. The client here is grpc-js too, in this process.
import { credentials, loadPackageDefinition } from '@grpc/grpc-js'
import { gatehouseJson } from '../../examples/story/command.ts'
import { machineToken } from '../../examples/story/tokens.ts'
import { type CheckResponse, definition } from '../../packages/server/src/authorization/ext-authz/messages.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { type Figure, formatRate } from '../support/figures.ts'

const seconds = 2
const inFlight = 64

interface Client {
  Check(request: object, done: (error: Error | null, answer: CheckResponse) => void): void
  close(): void
}

/** Acme must be applied, and the server listen for checks on `server.port`. */
export async function measureExtAuthz(
  url: string,
  data: string,
  server: { readonly port: number; readonly pid: number },
  rounds: number,
): Promise<Figure[]> {
  const app = await gatehouseJson<{ id: string }>(data, 'app', 'show', 'acme/documents')
  const it = await gatehouseJson<{ clientId: string; secret: string }>(data, 'machine', 'secret', 'acme/archiver')
  const token = await machineToken(url, it.clientId, it.secret, `urn:gatehouse:${app.id}`)
  // biome-ignore lint/suspicious/noExplicitAny: what grpc-js loads has no types
  const { Authorization } = (loadPackageDefinition(definition) as any).envoy.service.auth.v3
  const client: Client = new Authorization(`127.0.0.1:${server.port}`, credentials.createInsecure())
  const headers = { authorization: `Bearer ${token}`, 'x-request-id': 'bench', 'user-agent': 'bench' }
  const http = { method: 'GET', scheme: 'http', host: 'documents.localhost:9080', path: '/documents/welcome', headers }
  const ask = () =>
    new Promise<CheckResponse>((resolve, reject) => {
      client.Check({ attributes: { request: { http } } }, (error, answer) => (error ? reject(error) : resolve(answer)))
    })
  try {
    const first = await ask()
    const expected = first.status?.code ?? 0
    if (expected !== 0 && expected !== 7) throw new Error(`no decision: ${JSON.stringify(first)}`)
    const rates: number[] = []
    const byCpu: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const startedAt = performance.now()
      const cpuBefore = cpuSecondsOf(server.pid)
      const untilMs = startedAt + seconds * 1_000
      let answered = 0
      const worker = async () => {
        while (performance.now() < untilMs) {
          const { status } = await ask()
          if ((status?.code ?? 0) !== expected) throw new Error(`another answer: ${status?.code}`)
          answered++
        }
      }
      await Promise.all(Array.from({ length: inFlight }, worker))
      if (round === 0) continue
      rates.push((answered / (performance.now() - startedAt)) * 1_000)
      const cpuAfter = cpuSecondsOf(server.pid)
      if (cpuBefore !== undefined && cpuAfter !== undefined) byCpu.push(answered / (cpuAfter - cpuBefore))
    }
    const core = median(byCpu)
    const what = `ext_authz over gRPC, ${inFlight} in flight`
    return [
      { what, measured: formatRate(median(rates)) },
      {
        what: 'the same for each second of a core that the server had',
        measured: formatRate(core),
        target: '≥ 5,000/s',
        met: core >= 5_000,
      },
    ]
  } finally {
    client.close()
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
