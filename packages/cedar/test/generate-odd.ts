import type { Case, Ref } from './generate.ts'
import * as pool from './pools.ts'
import type { Tape } from './tape.ts'

const letters = [
  '0',
  '1',
  '9',
  '-',
  '.',
  ':',
  '/',
  'T',
  'Z',
  '+',
  'd',
  'h',
  'm',
  's',
  'f',
  ' ',
  '٣',
  '::',
  '00',
  '24',
  '59',
  '2024-01-01',
]

/** A text near one an extension function takes: cut, doubled, with a foreign letter. */
function nearMiss(tape: Tape, texts: readonly string[]): string {
  let text = tape.pick(texts)
  for (const _ of tape.many(3, () => 0)) {
    const at = tape.below(text.length + 1)
    const cut = at + tape.below(3)
    text = text.slice(0, at) + (tape.chance(2, 3) ? tape.pick(letters) : '') + text.slice(tape.chance(1, 2) ? cut : at)
  }
  return text
}

const uses = {
  ip: [
    'ip(context.x) == ip(context.y)',
    'ip(context.x).isInRange(ip(context.y))',
    'ip(context.x).isLoopback()',
    'ip(context.x).isMulticast()',
  ],
  decimal: ['decimal(context.x) == decimal(context.y)', 'decimal(context.x).lessThan(decimal(context.y))'],
  datetime: [
    'datetime(context.x) <= datetime(context.y)',
    'datetime(context.x).toDate() == datetime(context.x)',
    'datetime(context.x).toTime() < duration("12h")',
  ],
  duration: [
    'duration(context.x) < duration(context.y)',
    'duration(context.x).toDays() == 1',
    'datetime("2024-01-01").offset(duration(context.x)) > datetime("2024-01-02")',
  ],
}
const texts = { ip: pool.ips, decimal: pool.decimals, datetime: pool.datetimes, duration: pool.durations }
const ann: Ref = { type: 'A', id: 'a' }

/** Extension constructors on texts they should take or refuse as the reference does. */
export function makeExtensionCase(tape: Tape): Case {
  const name = tape.pick(['ip', 'decimal', 'datetime', 'duration'] as const)
  const statics: Record<string, string> = {}
  for (const [at, use] of uses[name].entries())
    statics[`policy${at}`] = `permit(principal, action, resource) when { ${use} };`
  const requests = Array.from({ length: 8 }, () => {
    const x = nearMiss(tape, texts[name])
    const y = tape.chance(1, 2) ? x : nearMiss(tape, texts[name])
    return { principal: ann, action: { type: 'Action', id: 'a' }, resource: ann, context: { x, y } }
  })
  return { statics, templates: {}, links: [], entities: [], requests }
}

const keys = ['__entity', '__extn', '__expr', 'type', 'id', 'fn', 'arg', 'args', 'x', '__proto__']

/** JSON that is nearly a Cedar value: broken escapes, null, floats, deep nesting. */
function oddJson(tape: Tape, depth: number): unknown {
  return tape.pick<() => unknown>([
    () => tape.pick(['a', 'A', 'N::C', 'a b', 'ip', '10.0.0.1', 'isIpv4', 'if', '', 'A::']),
    () => tape.pick([null, 1.5, -0, 1, true, 2 ** 53 - 1]),
    () => ({
      __entity: { type: tape.pick(['A', 'N::C', 'a b', 'if', '', 'A::__cedar', 'é']), id: tape.pick(['a', '']) },
    }),
    () => ({
      __extn: {
        fn: tape.pick(['ip', 'decimal', 'isIpv4', 'none', 'offset']),
        arg: depth > 0 ? oddJson(tape, depth - 1) : '::1',
      },
    }),
    () => ({
      __extn: {
        fn: tape.pick(['ip', 'isInRange', 'offset', 'durationSince']),
        args: depth > 0 ? tape.many(2, () => oddJson(tape, depth - 1)) : [],
      },
    }),
    () => {
      const record = Object.create(null) as Record<string, unknown>
      if (depth > 0) for (const key of tape.many(3, () => tape.pick(keys))) record[key] = oddJson(tape, depth - 1)
      return record
    },
    () => (depth > 0 ? tape.many(3, () => oddJson(tape, depth - 1)) : []),
    () => {
      let deep: unknown = 1
      for (let level = tape.below(90); level > 0; level--) deep = tape.chance(1, 2) ? [deep] : { a: deep }
      return deep
    },
  ])()
}

/** Entities and contexts of odd JSON: accepted or refused, and then read, as the reference does. */
export function makeOddJsonCase(tape: Tape): Case {
  const inAttributes = tape.chance(1, 2)
  const x = oddJson(tape, 3)
  const statics: Record<string, string> = {}
  const tests = [
    'HERE.x == HERE.y',
    'HERE.x is A',
    'HERE.x has type',
    'HERE.x.isEmpty()',
    'HERE.x.isIpv4()',
    'HERE.x',
    'HERE.x.x == 1',
  ]
  for (const [at, use] of tests.entries())
    statics[`policy${at}`] =
      `permit(principal, action, resource) when { ${use.replaceAll('HERE', inAttributes ? 'principal' : 'context')} };`
  const record = tape.chance(1, 2) ? { x, y: structuredClone(x) } : { x, y: oddJson(tape, 2) }
  const request = {
    principal: ann,
    action: { type: 'Action', id: 'a' },
    resource: ann,
    context: inAttributes ? {} : record,
  }
  const entities = inAttributes ? [{ uid: ann, attrs: record, parents: [] }] : []
  return { statics, templates: {}, links: [], entities, requests: [request] }
}
