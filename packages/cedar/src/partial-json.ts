import type { Expression } from './expression.ts'
import type { Partial, ResidualPolicy } from './partial.ts'
import { valueToJson } from './value-json.ts'

/** A policy's remaining conditions, each in Cedar's JSON expression form; all of them must hold. */
export type PolicyJson = {
  readonly policy: string
  readonly conditions: readonly object[]
}

/** What is left of the policies as JSON (write it with `stringifyJson`: integers beyond 2^53 are `bigint`): allowed where a permit's conditions hold and no forbid's do. */
export type PartialJson = { readonly permits: readonly PolicyJson[]; readonly forbids: readonly PolicyJson[] }

export function partialToJson(left: Partial): PartialJson {
  const policy = ({ policy, parts }: ResidualPolicy): PolicyJson => ({ policy, conditions: parts.map(json) })
  return { permits: left.permits.map(policy), forbids: left.forbids.map(policy) }
}

/** Cedar's JSON policy form, "JsonExpr"; `{ "error": … }`, which it lacks, for what errs wherever it is evaluated. */
function json(expression: Expression): object {
  switch (expression.kind) {
    case 'value':
      return { Value: valueToJson(expression.value) }
    case 'fault':
      return { error: expression.message }
    case 'variable':
      return { Var: expression.name }
    case 'and':
    case 'or':
      return chain(expression.kind === 'and' ? '&&' : '||', expression.items)
    case 'not':
      return { '!': { arg: json(expression.of) } }
    case 'negate':
      return { neg: { arg: json(expression.of) } }
    case 'isEmpty':
      return { isEmpty: { arg: json(expression.of) } }
    case 'binary':
      return { [expression.operator]: { left: json(expression.left), right: json(expression.right) } }
    case 'get':
      return { '.': { left: json(expression.of), attr: expression.key } }
    case 'has':
      return has(expression.of, expression.path)
    case 'like':
      return { like: { left: json(expression.of), pattern: pattern(expression.pattern) } }
    case 'is': {
      const within = expression.in === undefined ? {} : { in: json(expression.in) }
      return { is: { left: json(expression.of), entity_type: expression.type, ...within } }
    }
    case 'if':
      return {
        // biome-ignore lint/suspicious/noThenProperty: the form's own member; nobody awaits it
        'if-then-else': { if: json(expression.test), then: json(expression.yes), else: json(expression.no) },
      }
    case 'set':
      return { Set: expression.items.map(json) }
    case 'record':
      return {
        Record: Object.fromEntries(expression.keys.map((key, at) => [key, json(expression.items[at] as Expression)])),
      }
    case 'call':
      return { [expression.fn]: expression.args.map(json) }
  }
}

/** A list of operands as the nested pairs of the form; of one alone, the operator is kept by what leaves it as it is. */
function chain(operator: '&&' | '||', items: readonly Expression[]): object {
  const neutral = { Value: operator === '&&' }
  const [first, ...rest] = items.map(json)
  if (first === undefined) return neutral
  return rest.length === 0
    ? { [operator]: { left: first, right: neutral } }
    : rest.reduce((left, right) => ({ [operator]: { left, right } }), first)
}

/** `a has b.c` is `a has b && a.b has c`. */
function has(of: Expression, path: readonly string[]): object {
  const steps = path.map((attr, at) => {
    const left = path.slice(0, at).reduce<object>((inner, key) => ({ '.': { left: inner, attr: key } }), json(of))
    return { has: { left, attr } }
  })
  return steps.reduce((left, right) => ({ '&&': { left, right } }) as never)
}

function pattern(pieces: readonly string[]): (string | object)[] {
  return pieces.flatMap((piece, at) => [
    ...(at === 0 ? [] : ['Wildcard']),
    ...[...piece].map((character) => ({ Literal: character })),
  ])
}
