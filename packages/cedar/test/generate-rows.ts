import type { Tape } from './tape.ts'

export type Ref = { type: string; id: string }
export type Row = {
  id: string
  owner: string
  editor: string | null
  team: string | null
  level: number
  limit: number | null
  open: boolean
  frozen: boolean | null
  title: string
  note: string | null
  due: number | null
  price: number
  folders: string[]
}

const users = ['ann', 'bob', '__proto__', "o'x"] as const
const groups = ['g0', 'g1', 'g2'] as const
const titles = ['a', 'A', 'ab', 'a*b', 'a_b', 'a%b', '[a]', 'a\\b', 'é', '😀', '', "it's", 'a?b'] as const

/** Rows, each a resource of type Doc; `null` is an attribute that is absent. */
export function makeRows(tape: Tape, count: number): Row[] {
  const maybe = <T>(value: T): T | null => (tape.chance(1, 3) ? null : value)
  return Array.from({ length: count }, (_, at) => ({
    id: `d${at}`,
    owner: tape.pick(users),
    editor: maybe(tape.pick(users)),
    team: maybe(tape.pick(groups)),
    level: tape.below(5) - 1,
    limit: maybe(tape.below(4)),
    open: tape.chance(1, 2),
    frozen: maybe(tape.chance(1, 2)),
    title: tape.pick(titles),
    note: maybe(tape.pick(titles)),
    due: maybe(tape.below(3) * 86_400_000),
    price: tape.below(3) * 5000,
    folders: [`f${tape.below(3)}`, ...(tape.chance(1, 2) ? ['top'] : [])],
  }))
}

export function rowEntity(row: Row): { uid: Ref; attrs: Record<string, unknown>; parents: Ref[] } {
  const user = (id: string) => ({ __entity: { type: 'User', id } })
  const attrs: Record<string, unknown> = {
    owner: user(row.owner),
    level: row.level,
    open: row.open,
    title: row.title,
    price: { __extn: { fn: 'decimal', arg: (row.price / 10_000).toFixed(1) } },
  }
  if (row.editor !== null) attrs.editor = user(row.editor)
  if (row.team !== null) attrs.team = { __entity: { type: 'Group', id: row.team } }
  if (row.limit !== null) attrs.limit = row.limit
  if (row.frozen !== null) attrs.frozen = row.frozen
  if (row.note !== null) attrs.note = row.note
  if (row.due !== null) attrs.due = { __extn: { fn: 'datetime', arg: new Date(row.due).toISOString().slice(0, 10) } }
  return { uid: { type: 'Doc', id: row.id }, attrs, parents: row.folders.map((id) => ({ type: 'Folder', id })) }
}

/** Who asks, and the directory around them: ann lies in g0 in g1, bob in g2. */
export const directory = [
  { uid: { type: 'User', id: 'ann' }, attrs: { level: 2, active: true }, parents: [{ type: 'Group', id: 'g0' }] },
  { uid: { type: 'User', id: 'bob' }, attrs: { level: 1 }, parents: [{ type: 'Group', id: 'g2' }] },
  { uid: { type: 'Group', id: 'g0' }, attrs: {}, parents: [{ type: 'Group', id: 'g1' }] },
]

type Kind = 'long' | 'string' | 'user' | 'bool' | 'datetime'
const quoted = (text: string) => JSON.stringify(text).replaceAll('*', '\\*')
const operands: Record<Kind, (tape: Tape) => string> = {
  long: (tape) =>
    tape.pick([
      'resource.level',
      'resource.limit',
      'principal.level',
      `${tape.below(4)}`,
      '9223372036854775807',
      '(context.n + 1)',
    ]),
  string: (tape) => tape.pick(['resource.title', 'resource.note', 'context.s', JSON.stringify(tape.pick(titles))]),
  user: (tape) =>
    tape.pick(['resource.owner', 'resource.editor', 'principal', `User::${JSON.stringify(tape.pick(users))}`]),
  bool: (tape) => tape.pick(['resource.open', 'resource.frozen', 'principal.active', 'true', 'false']),
  datetime: (tape) => tape.pick(['resource.due', 'datetime("1970-01-02")']),
}

/** A condition over the row, the principal and the context that SQL can say; now and then one that errs. */
export function condition(tape: Tape, depth: number): string {
  const sub = () => condition(tape, depth - 1)
  if (depth > 0 && tape.chance(2, 3))
    return tape.pick([
      () => `(${sub()} && ${sub()})`,
      () => `(${sub()} || ${sub()})`,
      () => `(!${sub()})`,
      () => `(if ${sub()} then ${sub()} else ${sub()})`,
    ])()
  const optional = ['editor', 'team', 'limit', 'frozen', 'note', 'due', 'owner']
  return tape.pick<() => string>([
    () => operands.bool(tape),
    () => {
      const kind = tape.pick<Kind>(['long', 'string', 'user', 'bool', 'datetime'])
      const other = tape.chance(1, 8) ? tape.pick<Kind>(['long', 'string', 'user']) : kind
      return `(${operands[kind](tape)} ${tape.pick(['==', '!='])} ${operands[other](tape)})`
    },
    () => {
      const kind = tape.pick<Kind>(['long', 'long', 'datetime'])
      return `(${operands[kind](tape)} ${tape.pick(['<', '<=', '>', '>='])} ${operands[tape.chance(1, 8) ? 'string' : kind](tape)})`
    },
    () => `(resource has ${tape.pick(optional)})`,
    () =>
      `(${operands.string(tape)} like "${tape.many(3, () => tape.pick(['*', quoted(tape.pick(titles)).slice(1, -1)])).join('')}")`,
    () => `(resource in Folder::"${tape.pick(['f0', 'f1', 'top'])}")`,
    () => `(resource in [Folder::"f2", Doc::"d1"])`,
    () => `(principal in resource.team)`,
    () => `(principal in [resource.owner, Group::"g1"])`,
    () => `(resource.editor is ${tape.pick(['User', 'Group'])})`,
    () => `(resource is Doc in Folder::"top")`,
    () =>
      `[${tape.many(3, () => tape.pick(['1', '2', '"a"', 'User::"ann"'])).join(', ')}].contains(${tape.pick(['resource.level', 'resource.note', 'resource.owner'])})`,
    () => `resource.price.${tape.pick(['lessThan', 'greaterThanOrEqual'])}(decimal("0.5"))`,
    () => `(resource == Doc::"d2")`,
  ])()
}

/** Policies whose conditions SQL can say. */
export function makePolicies(tape: Tape): string {
  const scope = () =>
    tape.pick([
      'resource',
      'resource',
      'resource is Doc',
      'resource in Folder::"top"',
      'resource == Doc::"d3"',
      'resource is Doc in Folder::"f1"',
    ])
  const principal = () => tape.pick(['principal', 'principal', 'principal in Group::"g1"', 'principal == User::"bob"'])
  const policy = () =>
    `${tape.pick(['permit', 'permit', 'permit', 'forbid'])} (${principal()}, action, ${scope()}) ${tape.many(2, () => `${tape.pick(['when', 'when', 'unless'])} { ${condition(tape, 3)} }`).join(' ')};`
  return [policy(), ...tape.many(4, policy)].join('\n')
}
