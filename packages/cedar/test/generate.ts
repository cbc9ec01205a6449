import * as pool from './pools.ts'
import type { Tape } from './tape.ts'

export type Ref = { type: string; id: string }
export type Case = {
  statics: Record<string, string>
  templates: Record<string, string>
  links: { templateId: string; newId: string; values: Record<string, Ref> }[]
  entities: { uid: Ref; attrs: object; parents: Ref[]; tags?: object }[]
  requests: { principal: Ref; action: Ref; resource: Ref; context: Record<string, unknown> }[]
}

type Kind = 'bool' | 'long' | 'string' | 'entity' | 'set' | 'record' | 'ip' | 'decimal' | 'datetime' | 'duration'
const kinds: readonly Kind[] = [
  'bool',
  'long',
  'string',
  'entity',
  'set',
  'record',
  'ip',
  'decimal',
  'datetime',
  'duration',
]
const actions = ['read', 'write', 'group', 'é'] as const

/** Text of a Cedar string literal, now and then by code points. */
export function quote(text: string, tape: Tape): string {
  let out = ''
  for (const char of text) {
    const code = char.codePointAt(0) as number
    if (char === '"' || char === '\\') out += `\\${char}`
    else if (char === '\n') out += '\\n'
    else if (code < 32 || (code > 126 && tape.chance(1, 3))) out += `\\u{${code.toString(16)}}`
    else out += char
  }
  return `"${out}"`
}

const ref = (tape: Tape): Ref => ({ type: tape.pick(pool.types), id: tape.pick(pool.ids) })
const action = (tape: Tape): Ref => ({ type: 'Action', id: tape.pick(actions) })
const refText = (uid: Ref, tape: Tape) => `${uid.type}::${quote(uid.id, tape)}`

/** Text of an expression, mostly of the kind asked for and now and then of another. */
export function expression(tape: Tape, kind: Kind, depth: number): string {
  const wanted = tape.chance(1, 25) ? tape.pick(kinds) : kind
  const sub = (inner: Kind) => expression(tape, inner, depth - 1)
  if (depth > 0 && tape.chance(1, 8)) return `(if ${sub('bool')} then ${sub(wanted)} else ${sub(wanted)})`
  if (depth > 0 && tape.chance(1, 6)) return access(tape, depth - 1)
  if (depth > 0 && tape.chance(1, 20)) return `${sub('entity')}.getTag(${sub('string')})`
  return makers[wanted](tape, depth, sub)
}

function access(tape: Tape, depth: number): string {
  const of = tape.chance(1, 3) ? `(${expression(tape, 'record', depth)})` : expression(tape, 'entity', depth)
  const key = tape.pick(pool.attributes)
  return /^[a-z]+$/.test(key) && key !== 'if' && tape.chance(1, 2) ? `${of}.${key}` : `${of}[${quote(key, tape)}]`
}

type Maker = (tape: Tape, depth: number, sub: (kind: Kind) => string) => string
const extension = (fn: string, texts: readonly string[], tape: Tape) => `${fn}(${quote(tape.pick(texts), tape)})`

const makers: Record<Kind, Maker> = {
  bool(tape, depth, sub) {
    if (depth <= 0) return tape.pick(['true', 'false', '(principal == resource)', '(context has a)'])
    const any = tape.pick(kinds)
    return tape.pick<() => string>([
      () => tape.pick(['true', 'false']),
      () => `(${sub('bool')} ${tape.pick(['&&', '||'])} ${sub('bool')})`,
      () => `(!${sub('bool')})`,
      () => `(${sub(any)} ${tape.pick(['==', '!='])} ${sub(any)})`,
      () => {
        const compared = tape.pick<Kind>(['long', 'long', 'datetime', 'duration', 'decimal'])
        return `(${sub(compared)} ${tape.pick(['<', '<=', '>', '>='])} ${sub(compared)})`
      },
      () => `(${sub('entity')} in ${sub('entity')})`,
      () => `(${sub('entity')} in [${tape.many(3, () => sub('entity')).join(', ')}])`,
      () => `(${sub('entity')} is ${tape.pick(pool.types)}${tape.chance(1, 3) ? ` in ${sub('entity')}` : ''})`,
      () => `(${sub(tape.pick(['entity', 'record']))} has ${hasPath(tape)})`,
      () => `${sub('entity')}.hasTag(${sub('string')})`,
      () => `(${sub('string')} like "${pattern(tape)}")`,
      () => `${sub('set')}.${tape.pick(['containsAll', 'containsAny'])}(${sub('set')})`,
      () => `${sub('set')}.contains(${sub(any)})`,
      () => `${sub('set')}.isEmpty()`,
      () => `${sub('ip')}.${tape.pick(['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'])}()`,
      () => `${sub('ip')}.isInRange(${sub('ip')})`,
      () => {
        const method = tape.pick(['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'])
        return `${sub('decimal')}.${method}(${sub('decimal')})`
      },
    ])()
  },
  long(tape, depth, sub) {
    if (depth <= 0 || tape.chance(1, 3)) return tape.chance(1, 3) ? `(${tape.pick(pool.longs)})` : `${tape.below(10)}`
    if (tape.chance(1, 4)) return `(-${sub('long')})`
    if (tape.chance(1, 4))
      return `${sub('duration')}.${tape.pick(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'])}()`
    return `(${sub('long')} ${tape.pick(['+', '-', '*'])} ${sub('long')})`
  },
  string: (tape) => quote(tape.pick(pool.strings), tape),
  entity: (tape) =>
    tape.chance(1, 3)
      ? refText(ref(tape), tape)
      : tape.pick(['principal', 'resource', 'action', 'principal', 'resource']),
  set(tape, depth, sub) {
    const kind = tape.pick(kinds)
    const most = tape.chance(1, 12) ? 14 : 3
    return depth <= 0 ? '[]' : `[${tape.many(most, () => sub(kind)).join(', ')}]`
  },
  record(tape, depth, sub) {
    if (depth <= 0 || tape.chance(1, 3)) return 'context'
    const keys = new Set(tape.many(3, () => tape.pick(pool.attributes)))
    return `{${[...keys].map((key) => `${quote(key, tape)}: ${sub(tape.pick(kinds))}`).join(', ')}}`
  },
  ip: (tape) => extension('ip', pool.ips, tape),
  decimal: (tape) => extension('decimal', pool.decimals, tape),
  datetime(tape, depth, sub) {
    if (depth > 0 && tape.chance(1, 4)) return `${sub('datetime')}.offset(${sub('duration')})`
    if (depth > 0 && tape.chance(1, 5)) return `${sub('datetime')}.toDate()`
    return extension('datetime', pool.datetimes, tape)
  },
  duration(tape, depth, sub) {
    if (depth > 0 && tape.chance(1, 5)) return `${sub('datetime')}.durationSince(${sub('datetime')})`
    if (depth > 0 && tape.chance(1, 5)) return `${sub('datetime')}.toTime()`
    return extension('duration', pool.durations, tape)
  },
}

function hasPath(tape: Tape): string {
  if (tape.chance(1, 3)) return quote(tape.pick(pool.attributes), tape)
  return [tape.pick(['a', 'b', 'n', 'rec']), ...tape.many(2, () => tape.pick(['a', 'b', 'rec', 's']))].join('.')
}

function pattern(tape: Tape): string {
  const pieces = tape.many(5, () => tape.pick(['*', 'a', 'b', '\\*', 'é', '😀', '', '**', 'ab']))
  return pieces.join('')
}

function constraint(name: 'principal' | 'resource', tape: Tape, slot: boolean): string {
  const target = slot ? `?${name}` : refText(ref(tape), tape)
  const type = tape.pick(pool.types)
  const options = [`${name} == ${target}`, `${name} in ${target}`, `${name} is ${type} in ${target}`]
  if (slot) return tape.pick(options)
  return tape.pick([name, name, name, ...options, `${name} is ${type}`])
}

export function policyText(tape: Tape, slots: { principal: boolean; resource: boolean }): string {
  if (!slots.principal && !slots.resource && tape.chance(1, 3))
    return `${tape.pick(['permit', 'forbid'])}(principal, action, resource) when { ${expression(tape, 'bool', 1 + tape.below(6))} };`
  const named = () => refText(action(tape), tape)
  const actionText = tape.pick([
    () => 'action',
    () => `action == ${named()}`,
    () => `action in ${named()}`,
    () => `action in [${tape.many(3, named).join(', ')}]`,
  ])()
  const conditions = tape.many(2, () => {
    const depth = tape.chance(1, 40) ? 12 : 1 + tape.below(5)
    return `${tape.pick(['when', 'when', 'unless'])} { ${expression(tape, 'bool', depth)} }`
  })
  const principal = constraint('principal', tape, slots.principal)
  const resource = constraint('resource', tape, slots.resource)
  return `${tape.pick(['permit', 'permit', 'forbid'])}(${principal}, ${actionText}, ${resource}) ${conditions.join(' ')};`
}

/** JSON of a value, escapes included. Integers stay where the reference's JSON is exact. */
export function valueJson(tape: Tape, depth: number): unknown {
  return tape.pick<() => unknown>([
    () => tape.below(10),
    () => tape.pick([true, false]),
    () => tape.pick(pool.strings),
    () => tape.pick([-1, 9007199254740991, -9007199254740991, 1000]),
    () => ({ __entity: ref(tape) }),
    () => ({ __extn: { fn: 'ip', arg: tape.pick(pool.ips.slice(0, 10)) } }),
    () => ({ __extn: { fn: 'decimal', arg: tape.pick(pool.decimals.slice(0, 7)) } }),
    () => ({ __extn: { fn: 'datetime', arg: tape.pick(pool.datetimes.slice(0, 2)) } }),
    () => ({ __extn: { fn: 'duration', arg: tape.pick(pool.durations.slice(0, 8)) } }),
    () => (depth > 0 ? tape.many(tape.chance(1, 8) ? 12 : 3, () => valueJson(tape, depth - 1)) : []),
    () => (depth > 0 ? recordJson(tape, depth - 1) : {}),
  ])()
}

export function recordJson(tape: Tape, depth: number): Record<string, unknown> {
  const record = Object.create(null) as Record<string, unknown>
  for (const key of tape.many(5, () => tape.pick(pool.attributes))) record[key] = valueJson(tape, depth)
  return record
}

/** One whole case: policies, templates, links, entities without cycles, and requests. */
export function makeCase(tape: Tape): Case {
  const made: Case = { statics: {}, templates: {}, links: [], entities: [], requests: [] }
  tape.many(tape.chance(1, 10) ? 24 : 4, () => {
    const id = `policy${Object.keys(made.statics).length}`
    made.statics[id] = policyText(tape, { principal: false, resource: false })
  })
  tape.many(2, () => {
    const id = `template${Object.keys(made.templates).length}`
    const slots = tape.pick([
      { principal: true, resource: false },
      { principal: false, resource: true },
      { principal: true, resource: true },
    ])
    made.templates[id] = policyText(tape, slots)
    for (const index of tape.many(tape.chance(1, 6) ? 20 : 3, () => 0).keys()) {
      const values: Record<string, Ref> = {}
      if (slots.principal) values['?principal'] = ref(tape)
      if (slots.resource) values['?resource'] = ref(tape)
      made.links.push({ templateId: id, newId: `${id}-${index}`, values })
    }
  })
  const seen = new Map<string, Ref>()
  for (const uid of tape.many(8, () => ref(tape))) seen.set(`${uid.type} ${uid.id}`, uid)
  const uids = [...seen.values()]
  uids.forEach((uid, at) => {
    // A parent is a later entity, or one that does not exist: so there is no cycle.
    const parents = tape.many(3, () =>
      tape.chance(1, 4)
        ? { type: 'G', id: tape.pick(pool.ids) }
        : tape.pick([...uids.slice(at + 1), { type: 'G', id: 'g' }]),
    )
    made.entities.push({ uid, attrs: recordJson(tape, 2), parents, tags: recordJson(tape, 1) })
  })
  if (tape.chance(1, 2)) {
    made.entities.push({ uid: { type: 'Action', id: 'read' }, attrs: {}, parents: [{ type: 'Action', id: 'group' }] })
    made.entities.push({ uid: { type: 'Action', id: 'write' }, attrs: {}, parents: [{ type: 'Action', id: 'group' }] })
  }
  const known = () => (uids.length > 0 && tape.chance(3, 4) ? tape.pick(uids) : ref(tape))
  for (let count = 0; count < 4; count++)
    made.requests.push({ principal: known(), action: action(tape), resource: known(), context: recordJson(tape, 2) })
  return made
}
