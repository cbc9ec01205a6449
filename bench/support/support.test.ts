import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { prepareRequest } from './connection.ts'
import { loadAtMost, loadAtRate, requireClean } from './load.ts'
import { Latencies } from './percentiles.ts'

async function serve(t: { after(fn: () => void): void }, answer: (index: number) => Promise<number>) {
  let index = 0
  const server = createServer(async (request, response) => {
    request.resume()
    response.statusCode = await answer(index++)
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  const url = new URL(`http://127.0.0.1:${port}/`)
  return { url, request: () => prepareRequest(url, { body: '{}' }) }
}

test('percentile: nearest rank, the smallest value that p percent do not exceed', () => {
  const latencies = new Latencies()
  for (const ms of [5, 1, 4, 2, 3]) latencies.add(ms)
  assert.deepEqual(
    [20, 50, 60, 99, 100].map((p) => latencies.percentile(p)),
    [1, 3, 3, 5, 5],
  )
  assert.throws(() => new Latencies().percentile(50), RangeError)
})

test('open loop: a stall of the server counts in every request that it delayed, not in one', async (t) => {
  const stalled = { until: 0 }
  const target = await serve(t, async (index) => {
    if (index === 20) stalled.until = performance.now() + 300
    const ms = stalled.until - performance.now()
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
    return 200
  })
  const result = await loadAtRate({ ...target, rate: 100, seconds: 1, warmUpSeconds: 0, connections: 2 })
  assert.equal(result.latencies.count, 100)
  // 300 ms at 100/s delays about 30 of 100 requests, by 150 ms on average.
  assert.ok(result.latencies.percentile(75) > 50, `p75 ${result.latencies.percentile(75)}`)
})

test('answers that are not accepted are counted, told, and make the figure void', async (t) => {
  const target = await serve(t, async (index) => (index % 2 === 0 ? 200 : 500))
  const result = await loadAtMost({ ...target, seconds: 0.2, warmUpSeconds: 0, connections: 2 })
  assert.ok(result.failed > 0)
  assert.throws(() => requireClean('x', result), /requests failed, the first with 500/)
})
