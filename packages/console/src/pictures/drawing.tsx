import { go } from '../app/router.tsx'

export interface Node {
  readonly id: string
  readonly column: number
  readonly kind: string
  readonly name: string
  readonly to?: string | undefined
  readonly strong?: boolean
}
export interface Edge {
  readonly from: string
  readonly to: string
  readonly label?: string
  /** Where a click on the edge leads. */
  readonly leads?: string | undefined
  readonly says: string
}

const [width, height, gapX, gapY, pad] = [164, 44, 52, 16, 12]

function cut(text: string, most: number): string {
  const letters = [...text]
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`
}

/** A graph in columns from left to right. Nodes and edges are links: by mouse, by keyboard, for readers of the screen. */
export function Drawing({
  nodes,
  edges,
  label,
}: {
  readonly nodes: readonly Node[]
  readonly edges: readonly Edge[]
  readonly label: string
}) {
  const columns = new Map<number, Node[]>()
  for (const node of nodes) columns.set(node.column, [...(columns.get(node.column) ?? []), node])
  const tallest = Math.max(1, ...[...columns.values()].map((column) => column.length))
  const last = Math.max(0, ...columns.keys())
  const whole = tallest * (height + gapY) - gapY
  const places = new Map<string, { x: number; y: number }>()
  for (const [column, inIt] of columns) {
    const space = (whole - (inIt.length * (height + gapY) - gapY)) / 2
    inIt.forEach(
      (node, row) =>
        void places.set(node.id, { x: pad + column * (width + gapX), y: pad + space + row * (height + gapY) }),
    )
  }
  const [w, h] = [pad * 2 + last * (width + gapX) + width, pad * 2 + whole]
  const follow =
    (to: string | undefined) => (event: { preventDefault(): void; metaKey: boolean; ctrlKey: boolean }) => {
      if (to === undefined || event.metaKey || event.ctrlKey) return
      event.preventDefault()
      go(to)
    }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a picture wider than the page scrolls by keyboard too (WCAG 2.1.1)
    <section className="picture" tabIndex={0} aria-label={label}>
      <svg viewBox={`0 0 ${w} ${h}`} width={w} height={h} role="group" aria-label={label}>
        {edges.map((edge) => {
          const [from, to] = [places.get(edge.from), places.get(edge.to)]
          if (from === undefined || to === undefined) return null
          const [x1, y1, x2, y2] = [from.x + width, from.y + height / 2, to.x, to.y + height / 2]
          const bend = (x2 - x1) / 2
          const line = `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
          const drawn = (
            <>
              <title>{edge.says}</title>
              <path className="hit" d={line} />
              <path className="edge" d={line} />
              {edge.label !== undefined && (
                <text className="edge-label" x={(x1 + x2) / 2} y={(y1 + y2) / 2 - 5} textAnchor="middle">
                  {cut(edge.label, 14)}
                </text>
              )}
            </>
          )
          return edge.leads === undefined ? (
            <g key={`${edge.from} ${edge.to} ${edge.label}`}>{drawn}</g>
          ) : (
            <a
              key={`${edge.from} ${edge.to} ${edge.label}`}
              href={`/console${edge.leads}`}
              aria-label={edge.says}
              onClick={follow(edge.leads)}
            >
              {drawn}
            </a>
          )
        })}
        {nodes.map((node) => {
          const place = places.get(node.id) as { x: number; y: number }
          const drawn = (
            <g
              key={node.id}
              transform={`translate(${place.x} ${place.y})`}
              className={node.strong ? 'node strong' : 'node'}
            >
              <title>{`${node.kind} ${node.name}`}</title>
              <rect width={width} height={height} rx="6" />
              <text x="10" y="17" className="node-kind">
                {cut(node.kind, 24)}
              </text>
              <text x="10" y="34">
                {cut(node.name, 22)}
              </text>
            </g>
          )
          return node.to === undefined ? (
            <g key={node.id}>{drawn}</g>
          ) : (
            <a key={node.id} href={`/console${node.to}`} onClick={follow(node.to)}>
              {drawn}
            </a>
          )
        })}
      </svg>
    </section>
  )
}
