import { parseCount, type Told, wrong } from './parse.ts'

const edgeKinds = ['principal', 'client', 'address'] as const
type EdgeKind = (typeof edgeKinds)[number]

/** Questions of gateways that one of each may cause for long, a second. */
export type EdgeLimitRates = Readonly<Partial<Record<EdgeKind, number>>>

/** `off`, or `principal=100, client=2000, address=50`. @throws {Fault} `config.invalid` */
export function parseEdgeLimits({ text, from }: Told): EdgeLimitRates {
  if (text === 'off') return Object.freeze({})
  const limits: Partial<Record<EdgeKind, number>> = {}
  for (const part of text.split(',')) {
    const [kind = '', rate = ''] = part.split('=').map((side) => side.trim())
    const known = edgeKinds.find((one) => one === kind)
    if (known === undefined || limits[known] !== undefined)
      throw wrong(from, `"${part.trim()}" must be one of ${edgeKinds.join(', ')}, each once, as in principal=100`)
    limits[known] = parseCount({ text: rate, from }, 1_000_000)
  }
  return Object.freeze(limits)
}
