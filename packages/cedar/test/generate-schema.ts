import { type Case, policyText, quote, type Ref, valueJson } from './generate.ts'
import * as pool from './pools.ts'
import type { Tape } from './tape.ts'

type Type =
  | { kind: 'Bool' | 'Long' | 'String' | 'ipaddr' | 'decimal' | 'datetime' | 'duration' }
  | { kind: 'entity'; name: string }
  | { kind: 'set'; element: Type }
  | { kind: 'record'; attributes: Map<string, { type: Type; required: boolean }> }

const entityTypes = ['A', 'B', 'N::C', 'Color'] as const
const colors = ['red', 'é', '__proto__'] as const

function makeType(tape: Tape, depth: number): Type {
  const kind = tape.pick([
    'Bool',
    'Long',
    'String',
    'entity',
    'ipaddr',
    'decimal',
    'datetime',
    'duration',
    'set',
    'record',
  ])
  if (kind === 'entity' || ((kind === 'set' || kind === 'record') && depth <= 0))
    return { kind: 'entity', name: tape.pick(entityTypes) }
  if (kind === 'set') return { kind, element: makeType(tape, depth - 1) }
  if (kind === 'record') return makeRecord(tape, depth - 1)
  return { kind } as Type
}

function makeRecord(tape: Tape, depth: number): Type & { kind: 'record' } {
  const attributes = new Map<string, { type: Type; required: boolean }>()
  for (const key of tape.many(4, () => tape.pick(pool.attributes)))
    attributes.set(key, { type: makeType(tape, depth), required: tape.chance(1, 2) })
  return { kind: 'record', attributes }
}

function typeText(type: Type, tape: Tape): string {
  if (type.kind === 'entity') return type.name
  if (type.kind === 'set') return `Set<${typeText(type.element, tape)}>`
  if (type.kind !== 'record') return type.kind
  const fields = [...type.attributes].map(
    ([key, { type: inner, required }]) => `${quote(key, tape)}${required ? '' : '?'}: ${typeText(inner, tape)}`,
  )
  return `{${fields.join(', ')}}`
}

const uidOf = (tape: Tape, type: string): Ref => ({
  type,
  id: tape.pick(type === 'Color' ? [...colors, 'none'] : pool.ids),
})

/** JSON of a type, with or without the escapes it needs none of, and now and then of no type at all. */
function typedJson(tape: Tape, type: Type): unknown {
  if (tape.chance(1, 40)) return valueJson(tape, 1)
  const extension = (fn: string, texts: readonly string[]) => {
    const arg = tape.pick(texts)
    return tape.chance(1, 2) ? arg : { __extn: { fn, arg } }
  }
  switch (type.kind) {
    case 'Bool':
      return tape.pick([true, false])
    case 'Long':
      return tape.below(100)
    case 'String':
      return tape.pick(pool.strings)
    case 'ipaddr':
      return extension('ip', pool.ips.slice(0, tape.chance(1, 20) ? 32 : 15))
    case 'decimal':
      return extension('decimal', pool.decimals.slice(0, tape.chance(1, 20) ? 17 : 7))
    case 'datetime':
      return extension('datetime', tape.chance(1, 20) ? pool.datetimes : ['2024-01-01', '2000-02-29T12:34:56Z'])
    case 'duration':
      return extension('duration', pool.durations.slice(0, tape.chance(1, 20) ? 24 : 9))
    case 'entity': {
      const uid = uidOf(tape, type.name)
      return tape.chance(1, 2) ? uid : { __entity: uid }
    }
    case 'set':
      return tape.many(3, () => typedJson(tape, type.element))
    case 'record':
      return recordOf(tape, type)
  }
}

function recordOf(tape: Tape, type: Type & { kind: 'record' }): Record<string, unknown> {
  const record = Object.create(null) as Record<string, unknown>
  for (const [key, attribute] of type.attributes) {
    if (attribute.required ? tape.chance(1, 40) : tape.chance(1, 2)) continue
    record[key] = typedJson(tape, attribute.type)
  }
  if (tape.chance(1, 40)) record[tape.pick(pool.attributes)] = valueJson(tape, 1)
  return record
}

/** A case with a schema: entities and requests mostly as it says, and now and then not. */
export function makeSchemaCase(tape: Tape): Case & { schema: string } {
  const shapes = new Map(entityTypes.slice(0, 3).map((name) => [name as string, makeRecord(tape, 2)]))
  const tags = new Map(
    entityTypes.slice(0, 3).map((name) => [name as string, tape.chance(1, 2) ? makeType(tape, 1) : undefined]),
  )
  const context = makeRecord(tape, 2)
  const declare = (name: string, short: string, within: string) => {
    const tag = tags.get(name)
    return `entity ${short} ${within} ${typeText(shapes.get(name) as Type, tape)}${tag ? ` tags ${typeText(tag, tape)}` : ''};`
  }
  const schema = `${declare('A', 'A', 'in [B, Color]')} ${declare('B', 'B', tape.pick(['', 'in [B]', 'in [N::C]']))}
    namespace N { ${declare('N::C', 'C', '')} } entity Color enum [${colors.map((id) => quote(id, tape)).join(', ')}];
    action group; action read in group appliesTo { principal: [A, N::C], resource: [B, Color], context: ${typeText(context, tape)} };
    action write in [Action::"group"] appliesTo { principal: A, resource: A };`
  const made: Case & { schema: string } = { schema, statics: {}, templates: {}, links: [], entities: [], requests: [] }
  for (let count = 0; count < 4; count++)
    made.statics[`policy${count}`] = policyText(tape, { principal: false, resource: false })
  const seen = new Set<string>()
  for (const type of tape.many(6, () => tape.pick(entityTypes.slice(0, tape.chance(1, 12) ? 4 : 3)))) {
    const uid = uidOf(tape, type)
    if (seen.has(`${type} ${uid.id}`)) continue
    seen.add(`${type} ${uid.id}`)
    const parents = tape.many(2, () =>
      uidOf(tape, tape.chance(1, 20) ? tape.pick(entityTypes) : type === 'A' ? 'B' : 'Color'),
    )
    const shape = shapes.get(type)
    const tag = tags.get(type)
    made.entities.push({
      uid,
      attrs: shape === undefined ? {} : recordOf(tape, shape),
      parents: type === 'A' ? parents : tape.chance(1, 10) ? parents : [],
      ...(tag === undefined && !tape.chance(1, 20) ? {} : { tags: tagsOf(tape, tag) }),
    })
  }
  for (let count = 0; count < 4; count++) {
    const id = tape.pick(['read', 'read', 'read', 'write', 'group', 'none'])
    const context = id === 'read' || tape.chance(1, 8) ? recordOf(tape, contextOf(id)) : {}
    made.requests.push({
      principal: uidOf(tape, tape.pick(['A', 'A', 'N::C', tape.pick(entityTypes)])),
      action: { type: 'Action', id },
      resource: uidOf(tape, id === 'write' ? 'A' : tape.pick(['B', 'B', 'Color', tape.pick(entityTypes)])),
      context,
    })
  }
  return made

  function contextOf(id: string) {
    return id === 'read' ? context : makeRecord(tape, 1)
  }
}

function tagsOf(tape: Tape, type: Type | undefined): Record<string, unknown> {
  const record = Object.create(null) as Record<string, unknown>
  for (const key of tape.many(2, () => tape.pick(pool.strings))) record[key] = typedJson(tape, type ?? { kind: 'Long' })
  return record
}
