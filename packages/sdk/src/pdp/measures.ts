import type { LocalMeasures } from '../local/measures.ts'

/** Measures of a replica in Prometheus' text format. */
export function formatMeasures(it: LocalMeasures): string {
  const lines: string[] = []
  const family = (
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    samples: readonly [labels: string, value: number][],
  ) => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    for (const [labels, value] of samples) lines.push(`${name}${labels} ${Number.isFinite(value) ? value : '+Inf'}`)
  }
  const by = (label: string, all: Readonly<Record<string, number>>) =>
    Object.entries(all).map(([key, value]): [string, number] => [`{${label}="${key}"}`, value])
  family('gatehouse_replica_staleness_seconds', 'gauge', 'How old what is decided from may be at most', [
    ['', it.stalenessMs / 1_000],
  ])
  family('gatehouse_replica_entities', 'gauge', 'Entities held', [['', it.entities]])
  family('gatehouse_replica_grants', 'gauge', 'Grants held', [['', it.grants]])
  family('gatehouse_replica_connections_total', 'counter', 'Times the stream was opened', [['', it.connections]])
  family('gatehouse_decisions_total', 'counter', 'Decisions made here, by outcome', by('outcome', it.decisions))
  family(
    'gatehouse_fallbacks_total',
    'counter',
    'Decisions that the centre made instead, by reason',
    by('reason', it.fallbacks),
  )
  family(
    'gatehouse_fallback_outcomes_total',
    'counter',
    'What the centre decided instead; failed: nothing, and so a denial',
    by('outcome', it.fallbackOutcomes),
  )
  family('gatehouse_decisions_refused_total', 'counter', 'Decisions that nobody made: what is known is too old', [
    ['', it.refused],
  ])
  family('gatehouse_journal_shipped_total', 'counter', 'Decisions that the server has on record', [['', it.shipped]])
  family('gatehouse_journal_waiting', 'gauge', 'Decisions that the server does not have yet', [['', it.waiting]])
  return `${lines.join('\n')}\n`
}
