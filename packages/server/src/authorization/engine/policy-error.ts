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

const attribute = 'does not have the attribute `'
const tag = 'does not have the tag `'

/** Reads what the engine says of a policy that erred. Without regular expressions: an erring policy errs at every decision. */
export function classifyPolicyError(message: string): Classified {
  let at = message.indexOf(attribute)
  if (at !== -1) return { kind: 'missing-attribute', attribute: nameFrom(message, at + attribute.length) }
  at = message.indexOf(tag)
  if (at !== -1) return { kind: 'missing-tag', attribute: nameFrom(message, at + tag.length) }
  if (message.endsWith('` does not exist') && message.includes('entity `')) return missingEntity
  if (message.includes('integer overflow')) return overflow
  if (message.includes('extension function')) return extension
  return message.includes('type error') ? typeError : engine
}

const missingEntity: Classified = { kind: 'missing-entity' }
const overflow: Classified = { kind: 'overflow' }
const extension: Classified = { kind: 'extension' }
const typeError: Classified = { kind: 'type' }
const engine: Classified = { kind: 'engine' }

const nameFrom = (message: string, at: number): string => {
  const end = message.indexOf('`', at)
  return message.slice(at, end === -1 ? undefined : end)
}
