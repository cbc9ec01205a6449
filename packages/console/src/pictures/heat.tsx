import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useWords } from '../words/words.tsx'

interface Sample {
  readonly atMs: number
  /** Observations at most this many seconds, cumulated, by the upper end of each bucket. */
  readonly buckets: ReadonlyMap<number, number>
}

/** The buckets of a histogram in Prometheus' text, summed over its other labels. */
export function readBuckets(text: string, metric: string): Map<number, number> {
  const found = new Map<number, number>()
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${metric}_bucket{`)) continue
    const le = /le="([^"]+)"/.exec(line)?.[1]
    if (le === undefined) continue
    const edge = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
    found.set(edge, (found.get(edge) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)))
  }
  return found
}

const everyMs = 5_000
const most = 60

/** How long tokens took, from now on: a column each five seconds, a row each bucket, the darker the more. */
export function Heat({
  metric,
  label,
  marks = [],
}: {
  readonly metric: string
  readonly label: string
  /** Policy deploys and the like. */
  readonly marks?: readonly { readonly atMs: number; readonly what: string; readonly says: string }[]
}) {
  const { t, time } = useWords()
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const { data } = useQuery({
    queryKey: ['metrics', metric],
    queryFn: async ({ signal }) => {
      const response = await fetch('/metrics', { signal })
      if (!response.ok) throw new Error(response.statusText)
      return { atMs: Date.now(), buckets: readBuckets(await response.text(), metric) }
    },
    refetchInterval: everyMs,
    retry: false,
  })
  useEffect(() => {
    if (data !== undefined) setSamples((former) => [...former, data].slice(-most - 1))
  }, [data])
  const edges = [...(data?.buckets.keys() ?? [])].sort((a, b) => a - b)
  const columns = samples.slice(1).map((sample, index) => {
    const before = samples[index] as Sample
    let below = 0
    return edges.map((edge) => {
      const grown = (sample.buckets.get(edge) ?? 0) - (before.buckets.get(edge) ?? 0)
      const own = Math.max(0, grown - below)
      below = grown
      return own
    })
  })
  const highest = Math.max(1, ...columns.flat())
  const [cell, row, left] = [9, 14, 52]
  return (
    <figure className="chart">
      <figcaption>{label}</figcaption>
      <svg viewBox={`0 0 ${left + most * cell + 8} ${edges.length * row + 24}`} role="img" aria-label={label}>
        {edges.map((edge, index) => (
          <text key={edge} x={left - 6} y={(edges.length - index) * row - 3} textAnchor="end">
            {edge === Number.POSITIVE_INFINITY ? '∞' : edge < 1 ? `${edge * 1_000} ms` : `${edge} s`}
          </text>
        ))}
        {columns.map((column, at) =>
          column.map((count, index) => (
            <rect
              key={`${samples[at + 1]?.atMs} ${edges[index]}`}
              className={count === 0 ? 'cold' : 'hot'}
              x={left + (most - columns.length + at) * cell}
              y={(edges.length - index - 1) * row}
              width={cell - 1}
              height={row - 1}
              fillOpacity={count === 0 ? 1 : 0.2 + (0.8 * count) / highest}
            >
              <title>{`${time(samples[at + 1]?.atMs ?? 0)}: ${count}`}</title>
            </rect>
          )),
        )}
        {marks.map((mark) => {
          const at = samples.findIndex(({ atMs }) => atMs >= mark.atMs)
          if (at < 1) return null
          const x = left + (most - columns.length + at - 1) * cell
          return (
            <g key={mark.atMs + mark.says} className="mark">
              <title>{`${time(mark.atMs)}: ${mark.what}: ${mark.says}`}</title>
              <line x1={x} x2={x} y1={0} y2={edges.length * row} />
            </g>
          )
        })}
        <text x={left} y={edges.length * row + 18}>
          {t('5 minutes ago')}
        </text>
        <text x={left + most * cell} y={edges.length * row + 18} textAnchor="end">
          {t('now')}
        </text>
      </svg>
    </figure>
  )
}
