import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownObjectives } from '../../src/observability/slos/objectives.ts'
import { acmeOrigin, applyAcme, question, tokenOf } from '../support/acme-house.ts'
import { startApi } from '../support/api.ts'
import { type CollectedSpan, startCollector } from '../support/collector.ts'
import { onEachEngine, scratchDatabase } from '../support/engines.ts'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = '00f067aa0ba902b7'
const traceparent = `00-${trace}-${parent}-01`

onEachEngine(
  'one trace through gateway, decision, token and store: by OTLP, in log, events and buckets, of which one stands at each objective',
  async (scratch) => {
    const collector = await startCollector()
    const api = await startApi(scratch, { GATEHOUSE_TRACES_URL: collector.url, GATEHOUSE_TRACES_SHARE: '0' })
    try {
      const { applicationId, secret } = await applyAcme(api)
      const credentials = Buffer.from(`${applicationId}:${secret}`).toString('base64')
      const issued = await fetch(`${api.url}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${credentials}`, traceparent },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      })
      assert.equal(issued.status, 200)
      const token = await tokenOf(api.url, { applicationId, secret })
      // The token speaks for the application itself, which is denied: a decision is made and on record.
      const answered = await fetch(`${api.url}/forward-auth`, {
        headers: { ...question('/documents/welcome'), authorization: `Bearer ${token}`, traceparent },
      })
      assert.equal(answered.status, 403)
      const stranger = { ...question('/x'), 'x-forwarded-host': 'nobody.example', traceparent }
      assert.equal((await fetch(`${api.url}/forward-auth`, { headers: stranger })).status, 403)
      const created = await api.call(
        'POST',
        '/api/organizations',
        { name: 'traced', displayName: 'canary-7f3a' },
        { headers: { traceparent } },
      )
      assert.equal(created.status, 201, JSON.stringify(created.body))
      await api.traces?.flush()

      assert.deepEqual(new Set(collector.spans.map(({ traceId }) => traceId)), new Set([trace]))
      const roots = collector.spans.filter(({ parentSpanId }) => parentSpanId === parent)
      const under = (root: CollectedSpan): CollectedSpan[] =>
        collector.spans.filter((span) => span.parentSpanId === root.spanId).flatMap((span) => [span, ...under(span)])
      const names = (name: string) => {
        const root = roots.find((span) => span.name === name)
        assert.ok(root, `no ${name} among ${roots.map((span) => span.name)}`)
        return { root, steps: under(root) }
      }

      const tokens = names('POST /oauth/token')
      assert.equal(tokens.root.kind, 2)
      assert.equal(tokens.root.attributes['http.response.status_code'], '200')
      const [issue] = tokens.steps.filter(({ name }) => name === 'issue token')
      assert.equal(issue?.attributes['gatehouse.token.outcome'], 'issued')
      const transact = tokens.steps.find(({ name }) => name === 'transact')
      assert.equal(transact?.parentSpanId, issue?.spanId)
      const inserts = tokens.steps.filter(({ name }) => name.startsWith('insert'))
      assert.ok(inserts.length >= 2, 'a token and its event are written')
      for (const insert of inserts) {
        assert.equal(insert.parentSpanId, transact?.spanId)
        assert.equal(insert.attributes['db.system.name'], scratch.address.engine === 'sqlite' ? 'sqlite' : 'postgresql')
      }

      const gateway = collector.spans.filter(({ name }) => name === 'GET /forward-auth')
      assert.equal(gateway.length, 2)
      const decision = collector.spans.find(
        ({ name, attributes }) => name === 'decide' && attributes['gatehouse.decision.via'] === 'forward-auth',
      )
      assert.match(String(decision?.attributes['gatehouse.decision.outcome']), /^deny_/)
      assert.equal(decision?.attributes['gatehouse.application.id'], applicationId)
      assert.ok(gateway.some(({ spanId }) => spanId === decision?.parentSpanId))
      for (const { startMs, endMs } of collector.spans) {
        assert.ok(endMs >= startMs)
        assert.ok(Math.abs(startMs - Date.now()) < 60_000)
      }

      // What stands in requests, answers and rows is in no span: secrets, tokens, names.
      const sent = collector.bodies.join('\n')
      for (const hidden of [secret, token, credentials, 'canary-7f3a', 'nobody.example', new URL(acmeOrigin).host])
        assert.ok(!sent.includes(hidden), `${hidden} is in a span`)

      const events = await api.call('GET', '/api/events?limit=200')
      const organization = events.body.items.find(
        (one: { object: { id: string } }) => one.object.id === created.body.id,
      )
      assert.equal(organization.traceId ?? organization.context?.traceId, trace)
      const refused = api.logged.find(({ reason }) => reason === 'origin-unknown')
      assert.equal(refused?.traceId, trace)

      const metrics = await fetch(`${api.url}/metrics`, {
        headers: { 'x-test-actor': 'bootstrap:local', accept: 'application/openmetrics-text; version=1.0.0' },
      })
      assert.equal(metrics.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8')
      const text = await metrics.text()
      const exemplar = (start: string) =>
        text.split('\n').find((line) => line.startsWith(start) && line.includes(' # {'))
      for (const metric of [
        'token_issuance_duration_seconds_bucket',
        'authorization_decision_duration_seconds_bucket',
        'http_server_request_duration_seconds_bucket',
      ])
        assert.match(
          exemplar(metric) ?? '',
          new RegExp(`# \\{trace_id="${trace}",span_id="[0-9a-f]{16}"\\} [0-9.e-]+ \\d+\\.\\d{3}$`),
        )
      for (const { name, indicator } of ownObjectives)
        if (indicator.kind === 'latency')
          assert.match(
            text,
            new RegExp(`^${indicator.histogram.metric}_bucket\\{le="${indicator.overSeconds}"`, 'm'),
            name,
          )
      assert.match(text, /^authorization_decisions_total\{/m)
      assert.match(text, /^# TYPE authorization_decisions counter$/m)
      assert.ok(text.endsWith('\n# EOF\n'))
    } finally {
      await api.close()
      await collector.close()
    }
  },
)

test('without a collector nothing is recorded, whatever the sender asks for', async () => {
  const scratch = await scratchDatabase('sqlite')
  const api = await startApi(scratch)
  try {
    assert.equal(api.traces, undefined)
    const created = await api.call('POST', '/api/organizations', { name: 'quiet' }, { headers: { traceparent } })
    assert.equal(created.status, 201)
    assert.doesNotMatch(await api.meter.exposeOpenMetrics(), / # \{/)
    // The sender's own trace stands in the event all the same.
    const events = await api.call('GET', '/api/events?limit=200')
    const made = events.body.items.find((one: { object: { id: string } }) => one.object.id === created.body.id)
    assert.equal(made.traceId ?? made.context?.traceId, trace)
  } finally {
    await api.close()
    await scratch.remove()
  }
})
