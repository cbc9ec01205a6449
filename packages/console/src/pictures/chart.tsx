import { useWords } from '../words/words.tsx'

export interface Point {
  readonly atMs: number
  /** Undefined where nothing happened. */
  readonly value: number | undefined
}
export interface Mark {
  readonly atMs: number
  readonly says: string
}

const [width, height, left, right, top, bottom] = [640, 200, 52, 12, 14, 26]

/** Round numbers that span a range, about four of them. */
export function ticksOf(low: number, high: number): number[] {
  const span = high - low || 1
  const rough = span / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5, 10].find((one) => one * power >= rough) ?? 10) * power
  const ticks: number[] = []
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step)
    ticks.push(Number(at.toPrecision(12)))
  return ticks
}

/** A line over time with real axes; policy deploys and other marks stand on it. Its figures can be read as a table. */
export function Chart(it: {
  readonly label: string
  readonly points: readonly Point[]
  readonly marks?: readonly Mark[]
  readonly from: number
  readonly to: number
  readonly show: (value: number) => string
  /** A line to stay on one side of. */
  readonly limit?: number
  readonly low?: number
  readonly high?: number
}) {
  const { t, time, language } = useWords()
  const known = it.points.filter((point): point is Point & { value: number } => point.value !== undefined)
  const values = [...known.map(({ value }) => value), ...(it.limit === undefined ? [] : [it.limit])]
  const low = it.low ?? Math.min(...values, 0)
  const top_ = it.high ?? Math.max(...values, low)
  const high = top_ === low ? low + 1 : top_
  const x = (atMs: number) => left + ((atMs - it.from) / (it.to - it.from || 1)) * (width - left - right)
  const y = (value: number) => height - bottom - ((value - low) / (high - low)) * (height - top - bottom)
  const hours = (it.to - it.from) / 3_600_000
  const clock = new Intl.DateTimeFormat(
    language,
    hours > 48 ? { month: 'short', day: 'numeric' } : { hour: '2-digit', minute: '2-digit' },
  )
  const moments = Array.from({ length: 5 }, (_, index) => it.from + ((it.to - it.from) * index) / 4)
  // A gap stays a gap: where nothing happened no line claims something.
  const runs: string[] = []
  let open = false
  for (const point of it.points) {
    if (point.value === undefined) open = false
    else {
      const place = `${x(point.atMs).toFixed(1)} ${y(point.value).toFixed(1)}`
      if (open) runs[runs.length - 1] += ` L${place}`
      else runs.push(`M${place}`)
      open = true
    }
  }
  return (
    <figure className="chart">
      <figcaption>{it.label}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={it.label}>
        {ticksOf(low, high).map((tick) => (
          <g key={tick}>
            <line className="grid" x1={left} x2={width - right} y1={y(tick)} y2={y(tick)} />
            <text x={left - 6} y={y(tick) + 4} textAnchor="end">
              {it.show(tick)}
            </text>
          </g>
        ))}
        {moments.map((moment, index) => (
          <text
            key={moment}
            x={x(moment)}
            y={height - 6}
            textAnchor={index === 0 ? 'start' : index === 4 ? 'end' : 'middle'}
          >
            {clock.format(moment)}
          </text>
        ))}
        {it.limit !== undefined && (
          <line className="limit" x1={left} x2={width - right} y1={y(it.limit)} y2={y(it.limit)} />
        )}
        {runs.map((run) => (
          <path key={run} className="run" d={run} />
        ))}
        {known.map((point) => (
          <circle key={point.atMs} className="dot" cx={x(point.atMs)} cy={y(point.value)} r="3">
            <title>{`${time(point.atMs)}: ${it.show(point.value)}`}</title>
          </circle>
        ))}
        {it.marks?.map((mark) => (
          <g key={mark.atMs + mark.says} className="mark">
            <title>{`${time(mark.atMs)}: ${mark.says}`}</title>
            <line x1={x(mark.atMs)} x2={x(mark.atMs)} y1={top} y2={height - bottom} />
            <path d={`M${x(mark.atMs) - 5} ${top - 8} h10 l-5 8 z`} />
          </g>
        ))}
      </svg>
      {known.length === 0 && <p className="soft">{t('Nothing happened in this time.')}</p>}
      {known.length > 0 && (
        <details>
          <summary>{t('As a table')}</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than the page scrolls by keyboard too (WCAG 2.1.1) */}
          <section className="scrolls" tabIndex={0} aria-label={it.label}>
            <table className="plain">
              <tbody>
                {known.map((point) => (
                  <tr key={point.atMs}>
                    <th scope="row">{time(point.atMs)}</th>
                    <td>{it.show(point.value)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </details>
      )}
    </figure>
  )
}
