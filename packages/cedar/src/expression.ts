import type { Value } from './value.ts'

export type Variable = 'principal' | 'action' | 'resource' | 'context'
export type BinaryOperator =
  | '=='
  | '!='
  | 'in'
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | 'contains'
  | 'containsAll'
  | 'containsAny'
  | 'getTag'
  | 'hasTag'

/** An expression of a policy, read and checked. `&&` and `||` are lists, so that chains are no depth. */
export type Expression =
  | { readonly kind: 'value'; readonly value: Value }
  /** A constant the extension function refuses: an error whenever it is reached. */
  | { readonly kind: 'fault'; readonly message: string }
  | { readonly kind: 'variable'; readonly name: Variable }
  | { readonly kind: 'and' | 'or'; readonly items: readonly Expression[] }
  | { readonly kind: 'not' | 'negate' | 'isEmpty'; readonly of: Expression }
  | {
      readonly kind: 'binary'
      readonly operator: BinaryOperator
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly kind: 'get'; readonly of: Expression; readonly key: string }
  | { readonly kind: 'has'; readonly of: Expression; readonly path: readonly string[] }
  | { readonly kind: 'like'; readonly of: Expression; readonly pattern: Pattern }
  | { readonly kind: 'is'; readonly of: Expression; readonly type: string; readonly in: Expression | undefined }
  | { readonly kind: 'if'; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: 'set'; readonly items: readonly Expression[] }
  | { readonly kind: 'record'; readonly keys: readonly string[]; readonly items: readonly Expression[] }
  | { readonly kind: 'call'; readonly fn: string; readonly args: readonly Expression[] }

/** The literal pieces of a `like` pattern, a wildcard between each two. */
export type Pattern = readonly string[]
