import type { Objective } from '../slos/objective.ts'
import { alertName, badShare } from './prometheus.ts'

export interface Panel {
  readonly title: string
  /** PromQL, with the legend of each query. */
  readonly queries: readonly (readonly [expression: string, legend: string])[]
  readonly unit: 'percentunit' | 's' | 'reqps' | 'short' | 'none'
  /** File in `docs/runbooks/`. */
  readonly runbook: string
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly panels: readonly Panel[]
}

const rate = (by: string, metric: string, labels = '') => `sum by (${by}) (rate(${metric}${labels}[5m]))`
const quantile = (share: number, metric: string, by = '') =>
  `histogram_quantile(${share}, sum by (le${by}) (rate(${metric}_bucket[5m])))`

const perThousand = (labels: string) =>
  `1000 * sum(rate(authorization_decisions_total{${labels}}[5m])) / sum(rate(authorization_decisions_total[5m]))`

/** The three dashboards of the field: for those who answer for access, for those on call, for those who look for a cause. */
export function dashboards(objectives: readonly Objective[]): readonly Dashboard[] {
  const good = objectives.map((one) => [`1 - (${badShare(one, '30d')})`, one.name] as const)
  const attempts = 'authentication_attempts_total'
  return [
    {
      uid: 'gatehouse-executive',
      title: 'Gatehouse: is access under control',
      panels: [
        { title: 'Objectives over 30 days', queries: good, unit: 'percentunit', runbook: 'policy-changes' },
        {
          title: 'Sign-ins by outcome',
          queries: [[rate('outcome', attempts), '{{outcome}}']],
          unit: 'reqps',
          runbook: 'sign-in-failures',
        },
        {
          title: 'Audit: events committed and in the signed tree',
          queries: [
            ['audit_events_committed', 'committed'],
            ['audit_events_integrated', 'integrated'],
          ],
          unit: 'short',
          runbook: 'audit-loss',
        },
        {
          title: 'Denies per 1,000 decisions',
          queries: [
            [perThousand('outcome="deny_policy"'), 'expected: a rule forbids it'],
            [perThousand('outcome=~"deny_default|deny_error"'), 'not expected: nothing permits it, or a policy erred'],
          ],
          unit: 'short',
          runbook: 'policy-regression',
        },
        {
          title: 'Denies by kind',
          queries: [[rate('outcome', 'authorization_decisions_total', '{outcome=~"deny.*"}'), '{{outcome}}']],
          unit: 'reqps',
          runbook: 'policy-regression',
        },
        {
          title: 'Privileged acts',
          queries: [['sum by (action) (increase(privileged_actions_total[1h]))', '{{action}}']],
          unit: 'short',
          runbook: 'break-glass',
        },
        {
          title: 'Break-glass used',
          queries: [
            ['sum by (kind) (increase(break_glass_uses_total[1h]))', '{{kind}}'],
            ['max(authorization_break_glass_grants)', 'grants in force'],
          ],
          unit: 'short',
          runbook: 'break-glass',
        },
        {
          title: 'Age of credentials in days',
          queries: [
            ['max by (kind) (credential_oldest_age_seconds) / 86400', '{{kind}}'],
            ['max by (algorithm) (keyring_signing_key_age_seconds) / 86400', 'signing key {{algorithm}}'],
          ],
          unit: 'short',
          runbook: 'credential-rotation',
        },
        {
          title: 'Machines without an owner',
          queries: [['max(directory_orphaned_machines)', 'orphans']],
          unit: 'none',
          runbook: 'orphaned-access',
        },
      ],
    },
    {
      uid: 'gatehouse-on-call',
      title: 'Gatehouse: on call',
      panels: [
        {
          title: 'Burning',
          queries: [
            [`ALERTS{alertname=~"${objectives.map(({ name }) => alertName(name)).join('|')}"}`, '{{alertname}}'],
          ],
          unit: 'none',
          runbook: 'decisions-refused',
        },
        {
          title: 'Requests that failed by our fault',
          queries: [
            [
              rate('http_route', 'http_server_request_duration_seconds_count', '{http_response_status_code=~"5.."}'),
              '{{http_route}}',
            ],
          ],
          unit: 'reqps',
          runbook: 'decisions-refused',
        },
        {
          title: 'Token latency',
          queries: [
            [quantile(0.5, 'token_issuance_duration_seconds'), 'p50'],
            [quantile(0.95, 'token_issuance_duration_seconds'), 'p95'],
            [quantile(0.99, 'token_issuance_duration_seconds'), 'p99'],
          ],
          unit: 's',
          runbook: 'slow-tokens',
        },
        {
          // `region` is what GATEHOUSE_REGION of each node says.
          title: 'Latency by region, p95',
          queries: [
            [quantile(0.95, 'token_issuance_duration_seconds', ', region'), 'tokens {{region}}'],
            [quantile(0.95, 'authorization_decision_duration_seconds', ', region'), 'decisions {{region}}'],
          ],
          unit: 's',
          runbook: 'slow-tokens',
        },
        {
          title: 'Decision latency',
          queries: [
            [quantile(0.5, 'authorization_decision_duration_seconds', ', via'), 'p50 {{via}}'],
            [quantile(0.99, 'authorization_decision_duration_seconds', ', via'), 'p99 {{via}}'],
          ],
          unit: 's',
          runbook: 'slow-decisions',
        },
        {
          title: 'Federation by outcome',
          queries: [
            [rate('outcome', 'federation_attempts_total'), '{{outcome}}'],
            [rate('outcome', 'issuer_key_fetches_total'), 'keys {{outcome}}'],
          ],
          unit: 'reqps',
          runbook: 'federation',
        },
        {
          title: 'Database and clock',
          queries: [
            ['min(database_up)', 'database up'],
            ['max(clock_offset_seconds)', 'clock offset'],
          ],
          unit: 'none',
          runbook: 'database-down',
        },
        {
          title: 'Feed lag',
          queries: [['max by (follower) (feed_lag_events)', '{{follower}}']],
          unit: 'short',
          runbook: 'database-down',
        },
        {
          title: 'Policy changes within 30 days, by outcome',
          queries: [['max by (outcome) (policy_changes)', '{{outcome}}']],
          unit: 'short',
          runbook: 'policy-changes',
        },
        {
          title: 'Suspected compromise, principals of the last hour',
          queries: [['max by (sign) (suspected_compromised_principals)', '{{sign}}']],
          unit: 'short',
          runbook: 'mass-compromise',
        },
        {
          title: 'Outside hosts by region',
          queries: [
            [quantile(0.95, 'outgoing_request_duration_seconds', ', region'), 'p95 {{region}}'],
            [
              rate('region', 'outgoing_request_duration_seconds_count', '{outcome="failed"}'),
              'failed a second {{region}}',
            ],
          ],
          unit: 's',
          runbook: 'federation',
        },
      ],
    },
    {
      uid: 'gatehouse-debug',
      title: 'Gatehouse: looking for a cause',
      panels: [
        {
          title: 'Decisions by way and outcome',
          queries: [[rate('via, outcome', 'authorization_decisions_total'), '{{via}} {{outcome}}']],
          unit: 'reqps',
          runbook: 'policy-regression',
        },
        {
          title: 'Policies that erred',
          queries: [[rate('via', 'authorization_policy_errors_total'), '{{via}}']],
          unit: 'reqps',
          runbook: 'policy-regression',
        },
        {
          title: 'Token requests by outcome',
          queries: [[rate('grant_type, outcome', 'token_requests_total'), '{{grant_type}} {{outcome}}']],
          unit: 'reqps',
          runbook: 'token-failures',
        },
        {
          title: 'Reuse of codes and refresh tokens',
          queries: [['sum(rate(token_reuse_detected_total[5m]))', 'reuse']],
          unit: 'reqps',
          runbook: 'leaked-credential',
        },
        {
          title: 'Journal',
          queries: [
            ['sum(rate(decision_journal_records_total[5m]))', 'records'],
            ['sum(rate(decision_journal_failures_total[5m]))', 'failures'],
          ],
          unit: 'reqps',
          runbook: 'decisions-refused',
        },
        {
          title: 'Event loop and memory',
          queries: [
            ['max(nodejs_eventloop_lag_p99_seconds)', 'event loop lag p99'],
            ['max(process_resident_memory_bytes) / 1e9', 'resident GB'],
          ],
          unit: 'none',
          runbook: 'slow-decisions',
        },
      ],
    },
  ]
}

/** Grafana's own JSON (schema version 39), ready to be imported or provisioned. */
export function grafanaJson({ uid, title, panels }: Dashboard, docs: string): string {
  const datasource = { type: 'prometheus', uid: '$' + '{datasource}' }
  return `${JSON.stringify(
    {
      uid,
      title,
      schemaVersion: 39,
      tags: ['gatehouse'],
      time: { from: 'now-6h', to: 'now' },
      refresh: '30s',
      templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }] },
      panels: panels.map((panel, index) => ({
        id: index + 1,
        type: 'timeseries',
        title: panel.title,
        datasource,
        gridPos: { h: 9, w: 12, x: (index % 2) * 12, y: Math.floor(index / 2) * 9 },
        fieldConfig: { defaults: { unit: panel.unit }, overrides: [] },
        links: [{ title: 'Runbook', url: `${docs}/runbooks/${panel.runbook}.md` }],
        targets: panel.queries.map(([expr, legendFormat], at) => ({
          refId: String.fromCharCode(65 + (at % 26)),
          expr,
          legendFormat,
          datasource,
          // Buckets lead to traces, where Prometheus keeps exemplars.
          ...(expr.startsWith('histogram_quantile') && { exemplar: true }),
        })),
      })),
    },
    undefined,
    2,
  )}\n`
}
