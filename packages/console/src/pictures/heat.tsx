import { useWords } from '../words/words.tsx'
import type { Mark } from './chart.tsx'

export interface Columns {
  /** Upper ends of the buckets in seconds, ascending; each column has one count more, of what took longer. */
  readonly bounds: readonly number[]
  readonly columns: readonly { readonly atMs: number; readonly counts: readonly number[] }[]
}

const [width, left, right, row, foot] = [640, 68, 8, 15, 24]

const edge = (seconds: number) => (seconds < 1 ? `${Number((seconds * 1_000).toPrecision(3))} ms` : `${seconds} s`)

/** How long things took, over time: a column each step, a row each bucket, the darker the more. Deploys stand on it as marks. */
export function Heat({
  label,
  bounds,
  columns,
  marks,
  limit,
}: Columns & {
  readonly label: string
  readonly marks: readonly Mark[]
  /** The bound in seconds that should not be passed. */
  readonly limit?: number
}) {
  const { t, time, number, language } = useWords()
  const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' })
  const highest = Math.max(1, ...columns.flatMap(({ counts }) => counts))
  const rows = bounds.length + 1
  const height = rows * row
  const first = columns[0]?.atMs ?? 0
  const each = (columns[1]?.atMs ?? first + 60_000) - first
  const end = first + each * columns.length
  const x = (atMs: number) => left + ((atMs - first) / (end - first || 1)) * (width - left - right)
  const names = [...bounds.map((bound) => `≤ ${edge(bound)}`), `> ${edge(bounds.at(-1) ?? 0)}`]
  const busy = columns.filter(({ counts }) => counts.some((count) => count > 0))
  const under = bounds.indexOf(limit ?? Number.NaN)
  if (busy.length === 0)
    return (
      <figure className="chart">
        <figcaption>{label}</figcaption>
        <p className="soft">{t('Nothing happened in this time.')}</p>
      </figure>
    )
  return (
    <figure className="chart">
      <figcaption>{label}</figcaption>
      <svg viewBox={`0 0 ${width} ${height + foot}`} role="img" aria-label={label}>
        {names.map((name, index) => (
          <text key={name} x={left - 6} y={(rows - index) * row - 4} textAnchor="end">
            {name}
          </text>
        ))}
        <rect className="cold" x={left} y={0} width={width - left - right} height={height} />
        {busy.map(({ atMs, counts }) =>
          counts.map((count, index) =>
            count === 0 ? null : (
              <rect
                key={`${atMs} ${names[index]}`}
                className="hot"
                x={x(atMs)}
                y={(rows - index - 1) * row}
                width={Math.max(1, x(atMs + each) - x(atMs) - 0.5)}
                height={row - 1}
                fillOpacity={0.2 + (0.8 * count) / highest}
              >
                <title>{`${time(atMs)}, ${names[index]}: ${number(count)}`}</title>
              </rect>
            ),
          ),
        )}
        {under >= 0 && (
          <line
            className="limit"
            x1={left}
            x2={width - right}
            y1={(rows - under - 1) * row}
            y2={(rows - under - 1) * row}
          />
        )}
        {marks.map((mark) => (
          <g key={mark.atMs + mark.says} className="mark">
            <title>{`${time(mark.atMs)}: ${mark.says}`}</title>
            <line x1={x(mark.atMs)} x2={x(mark.atMs)} y1={0} y2={height} />
            <path d={`M${x(mark.atMs) - 5} ${height + 8} h10 l-5 -8 z`} />
          </g>
        ))}
        {[0, 1, 2, 3, 4].map((part) => (
          <text
            key={part}
            x={x(first + ((end - first) * part) / 4)}
            y={height + 20}
            textAnchor={part === 0 ? 'start' : part === 4 ? 'end' : 'middle'}
          >
            {clock.format(first + ((end - first) * part) / 4)}
          </text>
        ))}
      </svg>
      <details>
        <summary>{t('As a table')}</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than the page scrolls by keyboard too (WCAG 2.1.1) */}
        <section className="scrolls" tabIndex={0} aria-label={label}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{t('When')}</th>
                {names.map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {busy.map(({ atMs, counts }) => (
                <tr key={atMs}>
                  <th scope="row">{time(atMs)}</th>
                  {names.map((name, index) => (
                    <td key={name}>{number(counts[index] ?? 0)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </figure>
  )
}
