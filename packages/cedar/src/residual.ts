import { compile } from './compile.ts'
import { EvaluationFault } from './errors.ts'
import { operandsOf } from './explain-clause.ts'
import type { BinaryOperator, Expression } from './expression.ts'
import type { Frame } from './frame.ts'
import { CedarRecord, Uid, type Value } from './value.ts'

/**
 * What is left of an expression when the resource is unknown. It is a Cedar expression still: parts that do not speak
 * of the resource are values, and parts that err without it are faults.
 */
export type Residual = Expression

const value = (of: Value): Residual => ({ kind: 'value', value: of })
const fault = (message: string): Residual => ({ kind: 'fault', message })

/** True if an expression speaks of the resource. */
function speaksOfResource(expression: Expression): boolean {
  if (expression.kind === 'variable') return expression.name === 'resource'
  return operandsOf(expression).some(speaksOfResource)
}

/**
 * Evaluates all that the request, but for its resource, decides. Short circuits are kept as Cedar has them: what a
 * known `false` or `true` hides is gone, errors included; what stands before an unknown stays before it.
 */
export function residualOf(expression: Expression, frame: Frame): Residual {
  if (!speaksOfResource(expression)) return known(expression, frame)
  const rest = (part: Expression) => residualOf(part, frame)
  switch (expression.kind) {
    case 'and':
    case 'or':
      return residualChain(expression, frame)
    case 'if': {
      const test = rest(expression.test)
      if (test.kind === 'fault') return test
      if (test.kind === 'value') {
        if (typeof test.value !== 'boolean') return fault('type error: expected bool')
        return rest(test.value ? expression.yes : expression.no)
      }
      return { kind: 'if', test, yes: rest(expression.yes), no: rest(expression.no) }
    }
    case 'binary':
      return strict({ ...expression, left: rest(expression.left), right: rest(expression.right) })
    case 'is': {
      const of = rest(expression.of)
      // What follows `in` is reached only if the type fits, so its fault is not yet the whole's.
      return of.kind === 'fault'
        ? of
        : { ...expression, of, in: expression.in === undefined ? undefined : rest(expression.in) }
    }
    case 'set':
    case 'record':
      return strict({ ...expression, items: expression.items.map(rest) })
    case 'call':
      return strict({ ...expression, args: expression.args.map(rest) })
    case 'value':
    case 'fault':
    case 'variable':
      return expression
    default:
      return strict({ ...expression, of: rest(expression.of) })
  }
}

/** An operator that evaluates all its operands errs where one of them does. */
function strict(expression: Residual): Residual {
  return operandsOf(expression).find(({ kind }) => kind === 'fault') ?? expression
}

function known(expression: Expression, frame: Frame): Residual {
  try {
    return value(lasting(compile(expression)(frame), frame))
  } catch (error) {
    if (error instanceof EvaluationFault) return fault(error.message)
    throw error
  }
}

/** INVARIANT: a frame's own references change with its next request, so none of them may stay in a residual. */
function lasting(of: Value, frame: Frame): Value {
  if (of === frame.principal || of === frame.action) return new Uid((of as Uid).type, (of as Uid).id)
  if (of instanceof CedarRecord && of.values.some((item) => item instanceof Uid))
    return new CedarRecord(
      of.shape,
      of.values.map((item) => lasting(item, frame)),
    )
  return of
}

function residualChain(expression: Expression & { kind: 'and' | 'or' }, frame: Frame): Residual {
  const decisive = expression.kind === 'or'
  const items: Residual[] = []
  for (const part of expression.items) {
    const item = residualOf(part, frame)
    if (item.kind === 'value') {
      if (typeof item.value !== 'boolean') {
        items.push(fault('type error: expected bool'))
        break
      }
      if (item.value !== decisive) continue
      items.push(item)
      break
    }
    items.push(item)
    if (item.kind === 'fault') break
  }
  if (items.length === 0) return value(!decisive)
  const first = items[0] as Residual
  // INVARIANT: a lone operand stays under its operator unless it can only be a boolean: an operand that is none errs.
  if (items.length === 1 && isBoolean(first)) return first
  return { kind: expression.kind, items }
}

const tests: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>([
  '==',
  '!=',
  'in',
  '<',
  '<=',
  '>',
  '>=',
  'contains',
  'containsAll',
  'containsAny',
  'hasTag',
])

/** True for what, if it does not err, is a boolean. */
export function isBoolean(expression: Expression): boolean {
  switch (expression.kind) {
    case 'value':
      return typeof expression.value === 'boolean'
    case 'and':
    case 'or':
    case 'not':
    case 'isEmpty':
    case 'has':
    case 'like':
    case 'is':
    case 'fault':
      return true
    case 'binary':
      return tests.has(expression.operator)
    default:
      return false
  }
}
