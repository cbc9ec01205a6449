import { CedarError, EvaluationFault } from './errors.ts'
import type { BinaryOperator, Expression, Variable } from './expression.ts'
import { functions } from './functions.ts'
import { isPlainObject } from './json.ts'
import { limits } from './limits.ts'
import { isTypeName } from './names.ts'
import { type Budget, valueFromJson } from './value-json.ts'

type Fields = { [key: string]: unknown }
type Reader = (body: unknown, at: Reading, depth: number) => Expression

/** One reading of one policy: its budget, and where it stands for errors. */
export type Reading = { budget: Budget; where: string }

const fail = (at: Reading, why: string): never => {
  throw new CedarError('json', `${at.where}: ${why}`)
}

function fieldsOf(body: unknown, allowed: readonly string[], at: Reading, operator: string): Fields {
  if (!isPlainObject(body)) return fail(at, `\`${operator}\` takes an object`)
  for (const key of Object.keys(body)) if (!allowed.includes(key)) fail(at, `\`${operator}\` has no field \`${key}\``)
  return body
}

const textOf = (value: unknown, at: Reading, what: string): string =>
  typeof value === 'string' && value.isWellFormed() ? value : (fail(at, `${what} must be a string`) as never)

const binary =
  (operator: BinaryOperator): Reader =>
  (body, at, depth) => {
    const fields = fieldsOf(body, ['left', 'right'], at, operator)
    return { kind: 'binary', operator, left: read(fields.left, at, depth), right: read(fields.right, at, depth) }
  }

const unary =
  (operator: string, kind: 'not' | 'negate' | 'isEmpty'): Reader =>
  (body, at, depth) => ({ kind, of: read(fieldsOf(body, ['arg'], at, operator).arg, at, depth) })

/** `&&` and `||` associate: a chain of them, however it leans, is read as one list, so that it costs no depth. */
const chain =
  (operator: '&&' | '||', kind: 'and' | 'or'): Reader =>
  (body, at, depth) => {
    const items: Expression[] = []
    const waiting: unknown[] = [{ [operator]: body }]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (isPlainObject(next) && operator in next && Object.keys(next).length === 1) {
        count(at)
        const fields = fieldsOf(next[operator], ['left', 'right'], at, operator)
        waiting.push(fields.right ?? null, fields.left ?? null)
      } else items.push(read(next, at, depth))
    }
    return { kind, items }
  }

const variables: readonly string[] = ['principal', 'action', 'resource', 'context']

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['Value', (body, at) => constant(() => ({ kind: 'value', value: valueFromJson(body, at.where, at.budget) }))],
  [
    'Var',
    (body, at) =>
      variables.includes(body as string)
        ? { kind: 'variable', name: body as Variable }
        : fail(at, `unknown variable ${JSON.stringify(body)}`),
  ],
  ['Slot', (_body, at) => fail(at, 'slots are unsupported in `when` and `unless` clauses')],
  ['!', unary('!', 'not')],
  ['neg', unary('neg', 'negate')],
  ['isEmpty', unary('isEmpty', 'isEmpty')],
  ['&&', chain('&&', 'and')],
  ['||', chain('||', 'or')],
  ...(['==', '!=', 'in', '<', '<=', '>', '>=', '+', '-', '*'] as const).map((o): [string, Reader] => [o, binary(o)]),
  ...(['contains', 'containsAll', 'containsAny', 'getTag', 'hasTag'] as const).map((o): [string, Reader] => [
    o,
    binary(o),
  ]),
  [
    '.',
    (body, at, depth) => {
      const fields = fieldsOf(body, ['left', 'attr'], at, '.')
      return { kind: 'get', of: read(fields.left, at, depth), key: textOf(fields.attr, at, 'attr') }
    },
  ],
  [
    'has',
    (body, at, depth) => {
      const fields = fieldsOf(body, ['left', 'attr'], at, 'has')
      const path = Array.isArray(fields.attr) ? fields.attr : [fields.attr]
      if (path.length === 0) fail(at, '`has` takes a name or a path')
      at.budget.left -= path.length
      return {
        kind: 'has',
        of: read(fields.left, at, depth),
        path: path.map((key) => textOf(key, at, 'attr')),
      }
    },
  ],
  [
    'like',
    (body, at, depth) => {
      const fields = fieldsOf(body, ['left', 'pattern'], at, 'like')
      return { kind: 'like', of: read(fields.left, at, depth), pattern: readPattern(fields.pattern, at) }
    },
  ],
  [
    'is',
    (body, at, depth) => {
      const fields = fieldsOf(body, ['left', 'entity_type', 'in'], at, 'is')
      const type = textOf(fields.entity_type, at, 'entity_type')
      if (!isTypeName(type)) fail(at, `${JSON.stringify(type)} is not an entity type name`)
      const within = fields.in === undefined ? undefined : read(fields.in, at, depth)
      return { kind: 'is', of: read(fields.left, at, depth), type, in: within }
    },
  ],
  [
    'if-then-else',
    (body, at, depth) => {
      const fields = fieldsOf(body, ['if', 'then', 'else'], at, 'if-then-else')
      return {
        kind: 'if',
        test: read(fields.if, at, depth),
        yes: read(fields.then, at, depth),
        no: read(fields.else, at, depth),
      }
    },
  ],
  [
    'Set',
    (body, at, depth) =>
      Array.isArray(body)
        ? { kind: 'set', items: body.map((item) => read(item, at, depth)) }
        : fail(at, '`Set` takes an array'),
  ],
  [
    'Record',
    (body, at, depth) => {
      if (!isPlainObject(body)) return fail(at, '`Record` takes an object')
      const keys = Object.keys(body).sort()
      return {
        kind: 'record',
        keys: keys.map((key) => textOf(key, at, 'a key')),
        items: keys.map((key) => read(body[key], at, depth)),
      }
    },
  ],
])

function constant(make: () => Expression): Expression {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof EvaluationFault)) throw error
    return { kind: 'fault', message: error.message }
  }
}

function count(at: Reading): void {
  if (--at.budget.left < 0)
    throw new CedarError('limit', `${at.where}: more than ${limits.expressionCount} expressions`)
}

function read(json: unknown, at: Reading, depth: number): Expression {
  count(at)
  if (depth >= limits.expressionDepth)
    throw new CedarError('limit', `${at.where}: nested deeper than ${limits.expressionDepth}`)
  if (!isPlainObject(json)) return fail(at, 'an expression is an object with one key')
  const keys = Object.keys(json)
  if (keys.length !== 1) return fail(at, `an expression is an object with one key, not ${keys.length}`)
  const operator = keys[0] as string
  const reader = readers.get(operator)
  if (reader !== undefined) return reader(json[operator], at, depth + 1)
  if (!functions.has(operator)) return fail(at, `unknown operator or extension function \`${operator}\``)
  const args = json[operator]
  if (!Array.isArray(args)) return fail(at, `\`${operator}\` takes an array of arguments`)
  return { kind: 'call', fn: operator, args: args.map((arg) => read(arg, at, depth + 1)) }
}

function readPattern(json: unknown, at: Reading): string[] {
  if (!Array.isArray(json)) return fail(at, '`like` takes a pattern of literals and wildcards')
  const pieces = ['']
  for (const element of json) {
    count(at)
    if (element === 'Wildcard') pieces.push('')
    else if (isPlainObject(element) && Object.keys(element).length === 1 && 'Literal' in element)
      pieces[pieces.length - 1] += textOf(element.Literal, at, 'Literal')
    else fail(at, 'a pattern holds "Wildcard" and { "Literal": text }')
  }
  return pieces
}

/** Reads one expression of a policy's JSON form. @throws {CedarError} `json`, `limit` */
export function readExpression(json: unknown, at: Reading): Expression {
  return read(json, at, 0)
}
