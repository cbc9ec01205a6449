import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { get, pathWith } from '../api/client.ts'
import { ProblemNote } from '../parts/problem.tsx'
import { Runbook } from '../parts/runbook.tsx'
import { Chart } from '../pictures/chart.tsx'
import { useWords } from '../words/words.tsx'

export interface Report {
  readonly name: string
  readonly says: string
  readonly component: string
  readonly target: number
  readonly runbook: string
  readonly state: string
  readonly good?: number
  readonly budgetLeft: number
  readonly bad: number
  readonly total: number
  readonly burn: readonly unknown[]
}
export interface Series {
  readonly items: readonly { readonly atMs: number; readonly bad: number; readonly total: number }[]
  readonly marks: readonly { readonly atMs: number; readonly what: string; readonly says: string }[]
}

export function useObjectives() {
  return useQuery({
    queryKey: ['objectives'],
    queryFn: ({ signal }) => get<{ items: Report[] }>('/api/observability/objectives', signal),
    refetchInterval: 30_000,
  })
}

/** How an objective was kept over time, with policy deploys and other changes as marks. */
export function Kept({
  name,
  label,
  hours,
  target,
}: {
  readonly name: string
  readonly label: string
  readonly hours: string
  readonly target: number
}) {
  const { number } = useWords()
  const series = useQuery({
    queryKey: ['series', name, hours],
    queryFn: ({ signal }) =>
      get<Series>(pathWith(`/api/observability/objectives/${name}/series`, { hours, steps: 72 }), signal),
    refetchInterval: 60_000,
  })
  const to = series.dataUpdatedAt || Date.now()
  const points = (series.data?.items ?? []).map(({ atMs, bad, total }) => ({
    atMs,
    value: total === 0 ? undefined : 1 - bad / total,
  }))
  if (series.error !== null) return <ProblemNote error={series.error} />
  return (
    <Chart
      label={label}
      points={points}
      marks={series.data?.marks.map(({ atMs, what, says }) => ({ atMs, says: `${what}: ${says}` })) ?? []}
      from={to - Number(hours) * 3_600_000}
      to={to}
      limit={target}
      low={Math.min(target, ...points.flatMap(({ value }) => value ?? [])) - Math.max(1 - target, 0.001)}
      high={1}
      show={(value) => `${number(value * 100, 2)} %`}
    />
  )
}

export function Panel({
  title,
  children,
  runbook,
}: {
  readonly title: string
  readonly children: ReactNode
  /** Each panel leads to what is to be done. */
  readonly runbook: string
}) {
  const { t } = useWords()
  return (
    <section className="card">
      <h2>{title}</h2>
      {children}
      <p className="soft runbook">
        {t('Runbook')} <Runbook name={runbook} />
      </p>
    </section>
  )
}
