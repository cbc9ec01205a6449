import type { Expression, Pattern } from './expression.ts'
import { functions } from './functions.ts'
import { isIdentifier } from './names.ts'
import type { ActionConstraint, Constraint } from './policy-json.ts'
import { formatUid, formatValue, type Uid } from './value.ts'

const word = (key: string) =>
  isIdentifier(key) && !['if', 'then', 'else', 'in', 'is', 'like', 'has', 'true', 'false'].includes(key)

/** An expression as Cedar text, long values cut short: for people to read. */
export function formatExpression(expression: Expression): string {
  return write(expression, 0)
}

/** Binding strength, loosest first: if, or, and, comparison, sum, product, unary, member. */
function write(expression: Expression, outer: number): string {
  const [text, strength] = parts(expression)
  return strength < outer ? `(${text})` : text
}

const member = (of: Expression) => write(of, 8)
const call = (of: Expression, name: string, args: readonly Expression[]) =>
  `${member(of)}.${name}(${args.map(formatExpression).join(', ')})`

function parts(expression: Expression): [string, number] {
  switch (expression.kind) {
    case 'value':
      return [formatValue(expression.value), typeof expression.value === 'number' && expression.value < 0 ? 7 : 8]
    case 'fault':
      return ['<invalid constant>', 8]
    case 'variable':
      return [expression.name, 8]
    case 'and':
      return [expression.items.map((item) => write(item, 3)).join(' && '), 2]
    case 'or':
      return [expression.items.map((item) => write(item, 2)).join(' || '), 1]
    case 'not':
      return [`!${write(expression.of, 7)}`, 7]
    case 'negate':
      return [`-${write(expression.of, 8)}`, 7]
    case 'isEmpty':
      return [call(expression.of, 'isEmpty', []), 8]
    case 'binary':
      return binary(expression)
    case 'get':
      return [
        `${member(expression.of)}${word(expression.key) ? `.${expression.key}` : `[${JSON.stringify(expression.key)}]`}`,
        8,
      ]
    case 'has': {
      const path = expression.path
      const text = path.length > 1 || word(path[0] as string) ? path.join('.') : JSON.stringify(path[0])
      return [`${write(expression.of, 4)} has ${text}`, 3]
    }
    case 'like':
      return [`${write(expression.of, 4)} like ${formatPattern(expression.pattern)}`, 3]
    case 'is': {
      const within = expression.in === undefined ? '' : ` in ${write(expression.in, 4)}`
      return [`${write(expression.of, 4)} is ${expression.type}${within}`, 3]
    }
    case 'if':
      return [
        `if ${formatExpression(expression.test)} then ${formatExpression(expression.yes)} else ${formatExpression(expression.no)}`,
        0,
      ]
    case 'set':
      return [`[${expression.items.map(formatExpression).join(', ')}]`, 8]
    case 'record': {
      const fields = expression.items.map(
        (item, at) => `${JSON.stringify(expression.keys[at])}: ${formatExpression(item)}`,
      )
      return [`{${fields.join(', ')}}`, 8]
    }
    case 'call': {
      const [first, ...rest] = expression.args
      if (functions.get(expression.fn)?.method === true && first !== undefined)
        return [call(first, expression.fn, rest), 8]
      return [`${expression.fn}(${expression.args.map(formatExpression).join(', ')})`, 8]
    }
  }
}

function binary(expression: Expression & { kind: 'binary' }): [string, number] {
  const { operator, left, right } = expression
  switch (operator) {
    case 'contains':
    case 'containsAll':
    case 'containsAny':
    case 'getTag':
    case 'hasTag':
      return [call(left, operator, [right]), 8]
    case '*':
      return [`${write(left, 6)} * ${write(right, 7)}`, 6]
    case '+':
    case '-':
      return [`${write(left, 5)} ${operator} ${write(right, 6)}`, 5]
    default:
      return [`${write(left, 4)} ${operator} ${write(right, 4)}`, 3]
  }
}

function formatPattern(pattern: Pattern): string {
  return `"${pattern.map((piece) => JSON.stringify(piece).slice(1, -1).replaceAll('*', '\\*')).join('*')}"`
}

/** One part of a policy's scope as Cedar text, a link's slot filled. */
export function formatConstraint(
  name: 'principal' | 'resource',
  constraint: Constraint,
  entity: Uid | undefined,
): string {
  const target = entity === undefined ? `?${name}` : formatUid(entity)
  switch (constraint.op) {
    case 'all':
      return name
    case 'is':
      return `${name} is ${constraint.type}`
    case 'isIn':
      return `${name} is ${constraint.type} in ${target}`
    default:
      return `${name} ${constraint.op} ${target}`
  }
}

export function formatAction(constraint: ActionConstraint): string {
  if (constraint.op === 'all') return 'action'
  if (constraint.op === '==') return `action == ${formatUid(constraint.entity)}`
  return `action in [${constraint.entities.map(formatUid).join(', ')}]`
}
