/** What kinds of errors a policy can meet; the missing ones are what the field calls "intermittent denials". */
export const policyErrorKinds = [
  'missing-attribute',
  'missing-tag',
  'missing-entity',
  'type',
  'overflow',
  'extension',
  'engine',
] as const
export type PolicyErrorKind = (typeof policyErrorKinds)[number]

export interface Classified {
  readonly kind: PolicyErrorKind
  /** The attribute or tag that is missing. */
  readonly attribute?: string
}

const shapes: readonly (readonly [PolicyErrorKind, RegExp])[] = [
  ['missing-attribute', /does not have the attribute `([^`]*)`/],
  ['missing-tag', /does not have the tag `([^`]*)`/],
  ['missing-entity', /entity `.*` does not exist/s],
  ['overflow', /integer overflow/],
  ['extension', /extension function/],
  ['type', /type error/],
]

/** Reads what the engine says of a policy that erred. */
export function classifyPolicyError(message: string): Classified {
  for (const [kind, shape] of shapes) {
    const found = shape.exec(message)
    if (found !== null) return found[1] === undefined ? { kind } : { kind, attribute: found[1] }
  }
  return { kind: 'engine' }
}
