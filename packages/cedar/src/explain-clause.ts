import { compile, isConstant } from './compile.ts'
import { EvaluationFault } from './errors.ts'
import type { Expression } from './expression.ts'
import { formatExpression } from './format-expression.ts'
import type { Frame } from './frame.ts'
import { CedarSet, formatUid, formatValue, typeName, Uid, type Value } from './value.ts'

/** A part of a condition, with what its parts were worth. */
export type Clause = {
  readonly kind: 'when' | 'unless'
  /** The smallest part of the condition that made the difference, as Cedar text. */
  readonly text: string
  readonly values: readonly { readonly expression: string; readonly value: string }[]
  /** What went wrong, if the clause erred rather than failed. */
  readonly error: string | undefined
}

/** How an entity lies in another: each a parent of the one before. */
export type Path = readonly { readonly type: string; readonly id: string }[]

export type Outcome = Value | EvaluationFault

export function outcomeOf(expression: Expression, frame: Frame): Outcome {
  try {
    return compile(expression)(frame)
  } catch (error) {
    if (error instanceof EvaluationFault) return error
    throw error
  }
}

/** The part of a condition that made it turn out other than `wanted`: descends `&&`, `||`, `!` and `if`. */
export function blame(expression: Expression, wanted: boolean, frame: Frame): Expression {
  switch (expression.kind) {
    case 'not':
      return blame(expression.of, !wanted, frame)
    case 'and':
    case 'or': {
      // One false conjunct, or one true alternative, decides; all of the others together do not single one out.
      if ((expression.kind === 'and') !== wanted) {
        const guilty = firstErring(expression.items, frame)
        return guilty ?? expression
      }
      const guilty = expression.items.find((item) => outcomeOf(item, frame) !== wanted)
      return guilty === undefined ? expression : blame(guilty, wanted, frame)
    }
    case 'if': {
      const test = outcomeOf(expression.test, frame)
      if (typeof test !== 'boolean') return expression.test
      return blame(test ? expression.yes : expression.no, wanted, frame)
    }
    default:
      return expression
  }
}

function firstErring(items: readonly Expression[], frame: Frame): Expression | undefined {
  return items.find((item) => typeof outcomeOf(item, frame) !== 'boolean')
}

export function clauseOf(kind: 'when' | 'unless', body: Expression, frame: Frame): Clause {
  const outcome = outcomeOf(body, frame)
  const guilty = blame(body, kind === 'when', frame)
  const own = outcomeOf(guilty, frame)
  const error = messageOf(own) ?? messageOf(outcome)
  return { kind, text: formatExpression(guilty), values: valuesOf(guilty, frame), error }
}

/** What is wrong with an outcome that had to be a boolean. */
function messageOf(outcome: Outcome): string | undefined {
  if (outcome instanceof EvaluationFault) return outcome.message
  return typeof outcome === 'boolean' ? undefined : `type error: expected bool, got ${typeName(outcome)}`
}

const most = 12

/** What the operands of a clause were worth: its largest parts that are no booleans and no constants. */
function valuesOf(expression: Expression, frame: Frame): { expression: string; value: string }[] {
  const values = new Map<string, string>()
  const visit = (part: Expression, isOperand: boolean): void => {
    if (values.size >= most || isConstant(part)) return
    if (isOperand || part.kind === 'variable' || part.kind === 'get') {
      const outcome = outcomeOf(part, frame)
      if (typeof outcome !== 'boolean' || part.kind === 'get') {
        if (!(outcome instanceof EvaluationFault)) {
          values.set(formatExpression(part), formatValue(outcome))
          return
        }
      }
    }
    for (const inner of operandsOf(part)) visit(inner, true)
  }
  visit(expression, false)
  return [...values].map(([text, value]) => ({ expression: text, value }))
}

/** The parts an expression is made of. */
export function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'value':
    case 'fault':
    case 'variable':
      return []
    case 'and':
    case 'or':
    case 'set':
    case 'record':
      return expression.items
    case 'call':
      return expression.args
    case 'binary':
      return [expression.left, expression.right]
    case 'is':
      return expression.in === undefined ? [expression.of] : [expression.of, expression.in]
    case 'if':
      return [expression.test, expression.yes, expression.no]
    default:
      return [expression.of]
  }
}

/** The shortest way up from one entity to another; undefined when there is none. */
export function pathBetween(from: Uid, to: Uid, frame: Frame): Path | undefined {
  const key = (uid: Uid) => `${uid.type}\n${uid.id}`
  const goal = key(to)
  const before = new Map<string, { uid: Uid; below: string | undefined }>([
    [key(from), { uid: from, below: undefined }],
  ])
  const open = [from]
  for (let at = 0; at < open.length && !before.has(goal); at++) {
    frame.spend(1)
    const uid = open[at] as Uid
    for (const parent of frame.entity(uid)?.parents ?? []) {
      if (before.has(key(parent))) continue
      before.set(key(parent), { uid: parent, below: key(uid) })
      open.push(parent)
    }
  }
  if (!before.has(goal)) return undefined
  const path: { type: string; id: string }[] = []
  for (let at: string | undefined = goal; at !== undefined; at = before.get(at)?.below) {
    const { type, id } = (before.get(at) as { uid: Uid }).uid
    path.unshift({ type, id })
  }
  return path
}

/** The paths behind every `in` of an expression that is true of the request. */
export function pathsIn(expression: Expression, frame: Frame, found: Map<string, Path>): void {
  if (found.size >= most) return
  const within = expression.kind === 'binary' && expression.operator === 'in' ? expression.right : undefined
  if (expression.kind === 'binary' && within !== undefined) addPaths(expression.left, within, frame, found)
  if (expression.kind === 'is' && expression.in !== undefined) addPaths(expression.of, expression.in, frame, found)
  for (const part of operandsOf(expression)) pathsIn(part, frame, found)
}

function addPaths(left: Expression, right: Expression, frame: Frame, found: Map<string, Path>): void {
  const from = outcomeOf(left, frame)
  const to = outcomeOf(right, frame)
  if (!(from instanceof Uid)) return
  const targets = to instanceof CedarSet ? to.items : [to]
  for (const target of targets) {
    if (!(target instanceof Uid)) continue
    const path = pathBetween(from, target, frame)
    if (path !== undefined) found.set(`${formatUid(from)} in ${formatUid(target)}`, path)
  }
}
