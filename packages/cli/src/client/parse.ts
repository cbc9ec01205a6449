import { usage } from '../failure.ts'

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A moment in milliseconds: a length of time from now as in `8h` or `30d`, or a date as in `2027-01-31` or
 * `2027-01-31T12:00:00Z`.
 */
export function parseMoment(text: string, nowMs: number): number {
  const length = /^(\d{1,6})([smhd])$/.exec(text)
  if (length !== null) return nowMs + Number(length[1]) * (unitMs[length[2] as string] as number)
  const ms = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms))
    throw usage(`"${text}" is not a time`, 'Give a length such as 8h or 30d, or a date such as 2027-01-31')
  return ms
}

/** `Type::"id"` as Cedar writes it, or `type:id`. */
export function parseUid(text: string): { type: string; id: string } {
  const cedar = /^([A-Za-z_][\w]*(?:::[A-Za-z_]\w*)*)::"([^"]+)"$/.exec(text)
  if (cedar !== null) return { type: cedar[1] as string, id: cedar[2] as string }
  const short = /^([A-Za-z_]\w*(?:::[A-Za-z_]\w*)*):([^":].*)$/.exec(text)
  if (short !== null) return { type: short[1] as string, id: short[2] as string }
  throw usage(
    `"${text}" names no entity`,
    'Write it as Type:id, such as Document:budget, or as in Cedar: Document::"budget"',
  )
}

/** `name=value` pairs. */
export function parseAttributes(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw usage(`"${pair}" is not name=value`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

/** A length of time in seconds: `90s`, `15m`, `1h`, `90d`. */
export function parseSeconds(text: string): number {
  const length = /^(\d{1,6})([smhd])$/.exec(text)
  if (length === null) throw usage(`"${text}" is not a length of time`, 'Give it as in 15m, 1h or 90d')
  return (Number(length[1]) * (unitMs[length[2] as string] as number)) / 1_000
}

/** `GET /documents/:id read Document::"{id}"`: what a request through a gateway asks for. */
export function parseRoute(text: string): { method: string; path: string; action: string; resource: string } {
  const [, method, path, action, resource] = /^(\*|[A-Z]+) (\/\S*) (\S+) (\S.*)$/.exec(text) ?? []
  if (method === undefined || path === undefined || action === undefined || resource === undefined)
    throw usage(`"${text}" is not a route`, 'Write it as in: GET /documents/:id read Document::"{id}"')
  return { method, path, action, resource }
}

/** `name=value` pairs as a decision's context: `true`, `false` and whole numbers as such, all else as text. */
export function parseContext(pairs: readonly string[]): Record<string, unknown> {
  const values = Object.entries(parseAttributes(pairs)).map(([name, text]) => {
    if (text === 'true' || text === 'false') return [name, text === 'true']
    return [name, /^-?\d{1,15}$/.test(text) ? Number(text) : text]
  })
  return Object.fromEntries(values)
}
