import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { activeSpan, Fault, inSpan, Meter, outsideSpans, readTraceparent, step, systemEntropy } from '#kernel'
import { Outgoing } from '#web'
import { checkOtlp, startCollector } from '../../../test/support/collector.ts'
import { Exporter } from './exporter.ts'
import { toOtlp } from './otlp.ts'
import type { EndedSpan } from './span.ts'
import { SamplingTracer } from './tracer.ts'

const trace = '0af7651916cd43dd8448eb211c80319c'
const sent = `00-${trace}-b7ad6b7169203331-01`

const x = () => ({ name: 'x' })

function tracerOf(share: number, nowMs = () => 1_800_000_000_000) {
  const ended: EndedSpan[] = []
  const clock = { nowMs }
  return {
    ended,
    tracer: new SamplingTracer({ clock, entropy: systemEntropy, take: (span) => ended.push(span) }, share),
  }
}

test('traceparent: taken as W3C Trace Context §3.2 says, and ignored as §4.3 says where it is not', () => {
  assert.deepEqual(readTraceparent(sent), { traceId: trace, parentId: 'b7ad6b7169203331', sampled: true })
  assert.equal(readTraceparent(sent.replace(/01$/, '00'))?.sampled, false)
  // A later version may say more; version ff and more in version 00 are invalid (§3.2.2.1).
  assert.equal(readTraceparent(`cc${sent.slice(2)}-what-comes-later`)?.traceId, trace)
  for (const wrong of [
    '',
    undefined,
    ['a', 'b'],
    `ff${sent.slice(2)}`,
    `${sent}-more`,
    sent.toUpperCase(),
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `${sent}\n`,
    `cc${sent.slice(2)}-${'x'.repeat(200)}`,
  ])
    assert.equal(readTraceparent(wrong), undefined, String(wrong))
})

test('sampling: the sender’s flag decides where there is one, a share where there is none, 200 a second at most', () => {
  const off = tracerOf(0).tracer
  assert.equal(off.enter(undefined, x), undefined)
  assert.equal(off.enter(sent.replace(/01$/, '00'), x), undefined)
  assert.equal(off.enter(sent, x)?.traceId, trace)
  let second = 0
  const tenth = tracerOf(0.1, () => second++ * 1_000).tracer
  const taken = Array.from({ length: 4_000 }, () => tenth.enter(undefined, x)).filter((it) => it !== undefined)
  assert.ok(taken.length > 280 && taken.length < 520, `${taken.length} of 4,000 at a share of 0.1`)
  const all = tracerOf(1).tracer
  const now = Array.from({ length: 1_000 }, () => all.enter(sent, x)).filter((it) => it !== undefined)
  assert.equal(now.length, 200)
})

test('steps stand inside each other across awaits; what outlives a request is none of its steps; 256 spans are the most', async () => {
  const { ended, tracer } = tracerOf(1)
  const root = tracer.enter(sent, () => ({ name: 'request' }))
  assert.ok(root)
  await inSpan(root, async () => {
    await step('outer', {}, async () => {
      await new Promise((resolve) => setImmediate(resolve))
      await step('inner', { attributes: { n: 1, yes: true, share: 0.5, none: undefined } }, async () => undefined)
      outsideSpans(() => assert.equal(activeSpan(), undefined))
    })
    const fault = step('refused', {}, async () => {
      throw new Fault('web.not_found', { detail: 'alice@example.com is not here' })
    })
    await assert.rejects(fault)
    for (let count = 0; count < 400; count++) activeSpan()?.child('many').end()
  })
  root.end()
  root.end()
  assert.equal(activeSpan(), undefined)
  const by = (name: string) => ended.find((span) => span.name === name) as EndedSpan
  assert.equal(by('inner').parentId, by('outer').spanId)
  assert.equal(by('outer').parentId, root.spanId)
  assert.equal(by('request').parentId, 'b7ad6b7169203331')
  assert.equal(by('refused').failed, true)
  assert.equal(by('refused').says, 'web.not_found')
  assert.equal(ended.filter(({ name }) => name === 'request').length, 1)
  assert.equal(ended.length, 256 + 1)
  const message = toOtlp(ended, { serviceName: 'gatehouse', instanceId: 'a' })
  checkOtlp('ExportTraceServiceRequest', JSON.parse(JSON.stringify(message)))
  assert.doesNotMatch(JSON.stringify(message), /alice/)
})

test('a step without a request that is recorded costs nothing and does its work', async () => {
  assert.equal(await step('alone', {}, async (span) => span ?? 'nothing'), 'nothing')
})

test('what Gatehouse sends carries its own step on (W3C Trace Context §3.4), and nothing where nothing is recorded', async () => {
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers.traceparent as string | undefined)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  const outgoing = new Outgoing(['127.0.0.1'])
  const { ended, tracer } = tracerOf(1)
  await outgoing.send(url)
  const root = tracer.enter(sent, () => ({ name: 'request' }))
  assert.ok(root)
  await inSpan(root, () => outgoing.send(url))
  server.close()
  const [span] = ended
  assert.deepEqual(seen, [undefined, `00-${trace}-${span?.spanId}-01`])
  assert.equal(span?.kind, 'client')
  assert.deepEqual(Object.fromEntries(span?.attributes ?? []), {
    'http.request.method': 'GET',
    'server.address': '127.0.0.1',
    'http.response.status_code': 200,
  })
})

test('a collector that is busy gets the batch again, one that refuses does not, and none holds up the end (OTLP/HTTP)', async (t) => {
  const collector = await startCollector()
  t.after(() => collector.close())
  const meter = new Meter()
  const told: string[] = []
  const outgoing = new Outgoing(['127.0.0.1'])
  const exporter = new Exporter({
    url: `${collector.url}/v1/traces`,
    headers: { 'x-token': 'abc' },
    resource: { serviceName: 'gatehouse', instanceId: 'a' },
    meter,
    onError: (where, error) => told.push(`${where}: ${(error as Error).message}`),
    send: (address, request) => outgoing.send(address, request),
  })
  const { ended, tracer } = tracerOf(1)
  for (let count = 0; count < 200; count++) tracer.enter(sent, () => ({ name: `request ${count}` }))?.end()
  collector.answers.push(503)
  for (const span of ended) exporter.take(span)
  await exporter.flush()
  assert.equal(collector.spans.length, 200)
  assert.equal(collector.headers[0]?.['x-token'], 'abc')
  collector.answers.push(400)
  exporter.take(ended[0] as EndedSpan)
  await exporter.flush()
  assert.deepEqual(told, ['traces: the collector answered 400'])
  for (let count = 0; count < 5_000; count++) exporter.take(ended[0] as EndedSpan)
  collector.answers.push(...Array.from({ length: 40 }, () => 503))
  await exporter.close()
  const text = await meter.expose()
  assert.match(text, /traces_spans_total\{outcome="exported"\} 200/)
  assert.match(text, /traces_spans_total\{outcome="dropped"\} 904/)
  assert.match(text, /traces_spans_total\{outcome="failed"\} 4097/)
})
