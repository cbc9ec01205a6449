import { EvaluationFault } from './errors.ts'
import type { BinaryOperator, Expression } from './expression.ts'
import { Frame } from './frame.ts'
import { callFunction, type ExtensionFunction, functions } from './functions.ts'
import { addLong, multiplyLong, negateLong, subtractLong } from './long.ts'
import * as op from './operators.ts'
import { shapeOf } from './shape.ts'
import { CedarRecord, CedarSet, Uid, type Value } from './value.ts'

/** A compiled expression. Throws `EvaluationFault`, which skips the policy, or `CedarError` for the work limit. */
export type Code = (frame: Frame) => Value

/** Compiles an expression to closures; what is constant is computed now, unless it errs. */
export function compile(expression: Expression): Code {
  switch (expression.kind) {
    case 'value': {
      const value = expression.value
      return () => value
    }
    case 'fault': {
      const message = expression.message
      return () => {
        throw new EvaluationFault(message)
      }
    }
    case 'variable':
      return variables[expression.name]
    case 'and':
      return compileAnd(expression.items.map(compile))
    case 'or':
      return compileOr(expression.items.map(compile))
    case 'not': {
      const of = compile(expression.of)
      return (frame) => !op.asBoolean(of(frame))
    }
    case 'negate': {
      const of = compile(expression.of)
      return (frame) => negateLong(op.asLong(of(frame)))
    }
    case 'isEmpty': {
      const of = compile(expression.of)
      return (frame) => op.asSet(of(frame)).items.length === 0
    }
    case 'binary':
      return compileBinary(expression.operator, expression.left, expression.right)
    case 'get':
      return compileGet(compile(expression.of), expression.key)
    case 'has': {
      const of = compile(expression.of)
      const path = expression.path
      const key = path[0] as string
      if (path.length === 1) return (frame) => op.hasAttribute(frame, of(frame), key)
      return (frame) => op.hasPath(frame, of(frame), path)
    }
    case 'like': {
      const of = compile(expression.of)
      const pattern = expression.pattern
      return (frame) => op.like(frame, op.asString(of(frame)), pattern)
    }
    case 'is': {
      const of = compile(expression.of)
      const type = expression.type
      if (expression.in === undefined) return (frame) => op.asUid(of(frame)).type === type
      const within = compile(expression.in)
      return (frame) => {
        const uid = of(frame)
        return op.asUid(uid).type === type && op.isIn(frame, uid, within(frame))
      }
    }
    case 'if': {
      const test = compile(expression.test)
      const yes = compile(expression.yes)
      const no = compile(expression.no)
      return (frame) => (op.asBoolean(test(frame)) ? yes(frame) : no(frame))
    }
    case 'set':
      return compileSet(expression.items)
    case 'record':
      return compileRecord(expression.keys, expression.items)
    case 'call':
      return compileCall(expression.fn, expression.args)
  }
}

const variables: Record<'principal' | 'action' | 'resource' | 'context', Code> = {
  principal: (frame) => frame.principal,
  action: (frame) => frame.action,
  resource: (frame) => frame.resource,
  context: (frame) => frame.context,
}

function compileAnd(items: Code[]): Code {
  if (items.length === 2) {
    const [left, right] = items as [Code, Code]
    return (frame) => op.asBoolean(left(frame)) && op.asBoolean(right(frame))
  }
  return (frame) => {
    for (let at = 0; at < items.length; at++) if (!op.asBoolean((items[at] as Code)(frame))) return false
    return true
  }
}

function compileOr(items: Code[]): Code {
  if (items.length === 2) {
    const [left, right] = items as [Code, Code]
    return (frame) => op.asBoolean(left(frame)) || op.asBoolean(right(frame))
  }
  return (frame) => {
    for (let at = 0; at < items.length; at++) if (op.asBoolean((items[at] as Code)(frame))) return true
    return false
  }
}

/** An attribute read that remembers the last record's shape: most reads are then one comparison and one index. */
function compileGet(of: Code, key: string): Code {
  let shape = shapeOf([])
  let slot = -1
  return (frame) => {
    const value = of(frame)
    let record: CedarRecord
    if (value instanceof Uid) {
      const entity = frame.entity(value)
      if (entity === undefined) return op.getAttribute(frame, value, key)
      record = entity.attrs
    } else if (value instanceof CedarRecord) record = value
    else return op.getAttribute(frame, value, key)
    if (record.shape === shape && slot !== -1) return record.values[slot] as Value
    const found = record.shape.index.get(key)
    if (found === undefined) return op.getAttribute(frame, value, key)
    shape = record.shape
    slot = found
    return record.values[found] as Value
  }
}

type Binary = (frame: Frame, left: Value, right: Value) => Value

const binaries: Record<BinaryOperator, Binary> = {
  '==': op.equal,
  '!=': (frame, a, b) => !op.equal(frame, a, b),
  in: op.isIn,
  '<': (_frame, a, b) => op.compare(a, b) < 0,
  '<=': (_frame, a, b) => op.compare(a, b) <= 0,
  '>': (_frame, a, b) => op.compare(a, b) > 0,
  '>=': (_frame, a, b) => op.compare(a, b) >= 0,
  '+': (_frame, a, b) => addLong(op.asLong(a), op.asLong(b)),
  '-': (_frame, a, b) => subtractLong(op.asLong(a), op.asLong(b)),
  '*': (_frame, a, b) => multiplyLong(op.asLong(a), op.asLong(b)),
  contains: op.contains,
  containsAll: op.containsAll,
  containsAny: op.containsAny,
  getTag: op.getTag,
  hasTag: op.hasTag,
}

function compileBinary(operator: BinaryOperator, leftExpression: Expression, rightExpression: Expression): Code {
  const left = compile(leftExpression)
  const right = compile(rightExpression)
  // The commonest operators stand apart: one closure each, so that each call site sees few shapes.
  switch (operator) {
    case '==':
      return (frame) => op.equal(frame, left(frame), right(frame))
    case '!=':
      return (frame) => !op.equal(frame, left(frame), right(frame))
    case 'in':
      if (rightExpression.kind === 'value' && rightExpression.value instanceof Uid) {
        const { type, id } = rightExpression.value
        return (frame) => frame.isIn(op.asUid(left(frame)), type, id)
      }
      return (frame) => op.isIn(frame, left(frame), right(frame))
    case 'contains':
      return (frame) => op.contains(frame, left(frame), right(frame))
    default: {
      const apply = binaries[operator]
      return (frame) => apply(frame, left(frame), right(frame))
    }
  }
}

function compileSet(items: readonly Expression[]): Code {
  const codes = items.map(compile)
  if (items.every(isConstant)) {
    const set = folded(() => CedarSet.of(codes.map((code) => code(nowhere))))
    if (set !== undefined) return () => set
  }
  return (frame) => {
    const set = CedarSet.of(codes.map((code) => code(frame)))
    frame.spend(codes.length + set.weight)
    return set
  }
}

function compileRecord(keys: readonly string[], items: readonly Expression[]): Code {
  const codes = items.map(compile)
  const shape = shapeOf(keys)
  if (items.every(isConstant)) {
    const record = folded(
      () =>
        new CedarRecord(
          shape,
          codes.map((code) => code(nowhere)),
        ),
    )
    if (record !== undefined) return () => record
  }
  return (frame) => {
    frame.spend(codes.length)
    return new CedarRecord(
      shape,
      codes.map((code) => code(frame)),
    )
  }
}

function compileCall(name: string, args: readonly Expression[]): Code {
  const called = functions.get(name) as ExtensionFunction
  const codes = args.map(compile)
  const call: Code = (frame) => {
    const values = codes.map((code) => code(frame))
    for (const value of values) if (typeof value === 'string') frame.spend(value.length >> 3)
    return callFunction(name, called, values)
  }
  if (args.every(isConstant)) {
    const value = folded(() => call(nowhere))
    if (value !== undefined) return () => value
  }
  return call
}

const nowhere = new Frame()

/** True for what depends on nothing: literals, and sets, records and calls of such. */
export function isConstant(expression: Expression): boolean {
  switch (expression.kind) {
    case 'value':
      return true
    case 'set':
    case 'record':
      return expression.items.every(isConstant)
    case 'call':
      return expression.args.every(isConstant)
    default:
      return false
  }
}

function folded<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof EvaluationFault) return undefined
    throw error
  } finally {
    nowhere.work = 0
  }
}

/** The conditions of a policy as one test. `unless` negates. */
export function compileConditions(
  conditions: readonly { readonly kind: 'when' | 'unless'; readonly body: Expression }[],
): ((frame: Frame) => boolean) | undefined {
  const tests = conditions.map(({ kind, body }) => {
    const code = compile(body)
    if (kind === 'when') return (frame: Frame) => op.asBoolean(code(frame))
    return (frame: Frame) => !op.asBoolean(code(frame))
  })
  if (tests.length <= 1) return tests[0]
  return (frame) => {
    for (let at = 0; at < tests.length; at++) if (!(tests[at] as (frame: Frame) => boolean)(frame)) return false
    return true
  }
}
