import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { startCollector } from '../../../test/support/collector.ts'
import { scratchDatabase } from '../../../test/support/engines.ts'
import { freePort } from '../../../test/support/ports.ts'
import { startTestServer } from '../../../test/support/server.ts'
import { ownObjectives } from '../slos/objectives.ts'
import { readSloFile } from '../slos/slo-file.ts'
import { alertmanagerRoutes } from './alertmanager.ts'
import { monitoringFiles } from './export.routes.ts'
import { dashboards } from './grafana.ts'
import { alertName } from './prometheus.ts'

const has = (program: string) => spawnSync(program, ['--version']).error === undefined
const skip = has('promtool') && has('prometheus') ? false : 'prometheus (Debian’s package) is not installed here'
const docs = 'https://docs.example.com'

function scratch(): string {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-monitoring-'))
  for (const [name, text] of Object.entries(monitoringFiles({ objectives: ownObjectives, receivers: [] }, docs))) {
    mkdirSync(dirname(join(home, name)), { recursive: true })
    writeFileSync(join(home, name), text)
  }
  return home
}

test('promtool accepts the rules, and by its own rule tests an outage pages and a leak opens a ticket', {
  skip,
}, () => {
  const home = scratch()
  const rules = join(home, 'prometheus/gatehouse.rules.yml')
  const checked = spawnSync('promtool', ['check', 'rules', rules], { encoding: 'utf8' })
  assert.equal(checked.status, 0, checked.stdout + checked.stderr)
  const page = `        - exp_labels: { severity: page, objective: decision-availability, component: decisions, burn: fast }
          exp_annotations:
            summary: Every question is decided and put on record
            runbook_url: ${docs}/runbooks/decisions-refused.md`
  writeFileSync(
    join(home, 'tests.yml'),
    `rule_files: [${rules}]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - { series: 'authorization_decisions_total{via="authzen",outcome="allow"}', values: '0+50x240 12000+0x20' }
      - { series: 'authorization_decisions_refused_total', values: '0+0x240 0+50x20' }
    alert_rule_test:
      - { eval_time: 60m, alertname: GatehouseDecisionAvailability, exp_alerts: [] }
      - eval_time: 62m
        alertname: GatehouseDecisionAvailability
        exp_alerts:
${page}
          # The slower windows burn as well.
        - exp_labels: { severity: page, objective: decision-availability, component: decisions, burn: medium }
          exp_annotations: { summary: Every question is decided and put on record, runbook_url: '${docs}/runbooks/decisions-refused.md' }
        - exp_labels: { severity: ticket, objective: decision-availability, component: decisions, burn: day }
          exp_annotations: { summary: Every question is decided and put on record, runbook_url: '${docs}/runbooks/decisions-refused.md' }
        - exp_labels: { severity: ticket, objective: decision-availability, component: decisions, burn: slow }
          exp_annotations: { summary: Every question is decided and put on record, runbook_url: '${docs}/runbooks/decisions-refused.md' }
        - exp_labels: { severity: ticket, objective: decision-availability, component: decisions, burn: plain }
          exp_annotations: { summary: Every question is decided and put on record, runbook_url: '${docs}/runbooks/decisions-refused.md' }
  # A takeover in numbers pages at the first look; the budget of policy changes allows one, and its second failure spends it.
  - interval: 15s
    input_series:
      - { series: 'suspected_compromised_principals{sign="guessed",instance="a"}', values: '2x20 3x20' }
      - { series: 'suspected_compromised_principals{sign="contained",instance="a"}', values: '4x40' }
      - { series: 'policy_changes{outcome="kept",instance="a"}', values: '5x40' }
      - { series: 'policy_changes{outcome="kept",instance="b"}', values: '5x40' }
      - { series: 'policy_changes{outcome="rolled_back",instance="a"}', values: '1x40' }
      - { series: 'policy_changes{outcome="rolled_back",instance="b"}', values: '1x40' }
      - { series: 'policy_changes{outcome="denied",instance="a"}', values: '0x20 1x20' }
    promql_expr_test:
      - expr: 'count(ALERTS{alertname="GatehouseMassCompromise",severity="page"})'
        eval_time: 6m
        exp_samples: [{ value: 2 }]
    alert_rule_test:
      - { eval_time: 4m, alertname: GatehouseMassCompromise, exp_alerts: [] }
      - { eval_time: 4m, alertname: GatehousePolicyChanges, exp_alerts: [] }
      - eval_time: 6m
        alertname: GatehousePolicyChanges
        exp_alerts:
          - exp_labels: { severity: ticket, objective: policy-changes, component: policies, burn: spent }
            exp_annotations: { summary: Policy changes are not rolled back and deny nobody unexpectedly, runbook_url: '${docs}/runbooks/policy-changes.md' }
`,
  )
  const tested = spawnSync('promtool', ['test', 'rules', join(home, 'tests.yml')], { encoding: 'utf8' })
  assert.equal(tested.status, 0, tested.stdout + tested.stderr)
  rmSync(home, { recursive: true })
})

test('a real Prometheus scrapes a live server; every query of every dashboard and rule is answered', {
  skip,
}, async (t) => {
  const scratchData = await scratchDatabase('sqlite')
  const metricsPort = await freePort()
  const collector = await startCollector()
  const server = await startTestServer(scratchData, {
    environment: { GATEHOUSE_METRICS_LISTEN: `127.0.0.1:${metricsPort}`, GATEHOUSE_TRACES_URL: collector.url },
  })
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  await fetch(`${server.url}/healthz`, { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } })
  const home = scratch()
  const port = await freePort()
  writeFileSync(
    join(home, 'prometheus.yml'),
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [prometheus/gatehouse.rules.yml]
scrape_configs: [{ job_name: gatehouse, static_configs: [{ targets: ['127.0.0.1:${metricsPort}'] }] }]
`,
  )
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(home, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(home, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: 'ignore', cwd: home },
  )
  t.after(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
    await server.close()
    await collector.close()
    await scratchData.remove()
    rmSync(home, { recursive: true, force: true })
  })
  const ask = async (path: string) => {
    const reply = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined)
    return reply?.ok
      ? ((await reply.json()) as { status: string; data: { result: unknown[]; groups: unknown[] } })
      : undefined
  }
  const query = async (expression: string) =>
    (await ask(`/api/v1/query?query=${encodeURIComponent(expression)}`))?.data.result
  for (let tries = 0; ((await query('database_up')) ?? []).length === 0; tries++) {
    assert.ok(tries < 150, 'Prometheus did not scrape within 30 s')
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  for (const { title, panels } of dashboards(ownObjectives))
    for (const panel of panels)
      for (const [expression] of panel.queries)
        assert.ok(Array.isArray(await query(expression)), `${title}, ${panel.title}: ${expression}`)
  const metrics = await server.meter.expose()
  const known = new Set([...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name as string))
  for (const { panels } of dashboards(ownObjectives))
    for (const { queries } of panels)
      for (const [expression] of queries)
        for (const [, name = ''] of expression
          .replaceAll(/by \([^)]*\)|\{[^}]*\}/g, ' ')
          .matchAll(/\b([a-z]+_[a-z_]+?)(?:_bucket|_count)?(?=[{[) /]|$)/g))
          if (
            /^(authentication|authorization|audit|token|decision|directory|database|clock|feed|http|nodejs|process|policy|suspected|outgoing)_/.test(
              name,
            )
          )
            assert.ok(known.has(name), `${name} is no metric of a server`)
  const buckets = 'http_server_request_duration_seconds_bucket{http_route="/healthz"}'
  const until = Date.now() / 1_000
  const range = `&start=${until - 300}&end=${until + 1}`
  const exemplars = await ask(`/api/v1/query_exemplars?query=${encodeURIComponent(buckets)}${range}`)
  assert.match(JSON.stringify(exemplars), new RegExp(`"trace_id":"${traceId}"`))
  const groups = (await ask('/api/v1/rules'))?.data.groups ?? []
  assert.equal(groups.length, ownObjectives.length)
  assert.doesNotMatch(JSON.stringify(groups), /"health":"err"/)
})

test('the objectives in force are exported as a file that says the same when it is read again', (t) => {
  const home = scratch()
  t.after(() => rmSync(home, { recursive: true }))
  assert.deepEqual(readSloFile(join(home, 'gatehouse/objectives.yml')).objectives, ownObjectives)
})

test('Alertmanager routes name each receiver once; alert names are one an objective', () => {
  const text = alertmanagerRoutes([
    { name: 'on-call', webhook: 'https://hooks.example.com/a', severities: ['page'] },
    { name: 'team', webhook: "https://hooks.example.com/b'c" },
  ])
  assert.match(text, /- receiver: on-call\n {6}continue: true\n {6}matchers:\n {8}- 'severity=~"page"'/)
  assert.match(text, /url: 'https:\/\/hooks\.example\.com\/b''c'/)
  assert.equal(new Set(ownObjectives.map(({ name }) => alertName(name))).size, ownObjectives.length)
})
