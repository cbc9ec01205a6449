import type { DecisionRequest } from '../engine/decision.ts'

/** The types of the AuthZEN Obligations profile (draft 1, "Normative Obligation Types"). */
export const obligationTypes = ['step-up', 'notification', 'session_termination', 'custom'] as const
export type ObligationType = (typeof obligationTypes)[number]

/** What whoever enforces a decision must do as well, or else deny (Obligations profile, "The Obligation Object"). */
export interface Obligation {
  /** Unique in one answer. */
  readonly id: string
  readonly type: ObligationType
  readonly properties: Readonly<Record<string, string | readonly string[]>>
}

/** As a policy's annotations say it: texts may hold `{principal}`, `{action}` and `{resource}`, which stand for their ids. */
export type ObligationRule = Omit<Obligation, 'id'>

type Annotations = Readonly<Record<string, string | null>>

interface Member {
  readonly name: string
  readonly required?: true
  readonly list?: true
  readonly preset?: string
}

const members: Record<Exclude<ObligationType, 'custom'>, readonly Member[]> = {
  'step-up': [
    { name: 'acr_value', required: true },
    { name: 'amr_values', list: true },
  ],
  notification: [{ name: 'to', required: true }, { name: 'body', required: true }, { name: 'topic' }],
  session_termination: [{ name: 'subject', preset: '{principal}' }],
}
const prefix = 'obligation_'
/** What may stand in a quoted string of a header (RFC 9110 §5.6.4), for challenges carry it. */
const acrShape = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/

/**
 * Reads `@obligation("step-up, notification")` with its members, `@obligation_acr_value("…")`. A custom obligation has all members
 * that no other type has.
 * @returns what is wrong, in sentences, beside what could be read
 */
export function readObligations(annotations: Annotations): { rules: ObligationRule[]; problems: string[] } {
  const rules: ObligationRule[] = []
  const problems: string[] = []
  const types = listOf(annotations.obligation ?? '')
  const given = new Map(
    Object.entries(annotations)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, text]) => [name.slice(prefix.length), text ?? '']),
  )
  for (const type of types) {
    if (type === 'custom' || types.indexOf(type) !== types.lastIndexOf(type)) continue
    if (!Object.hasOwn(members, type)) {
      problems.push(`there is no obligation ${JSON.stringify(type)}: it is one of ${obligationTypes.join(', ')}`)
      continue
    }
    const properties: Record<string, string | readonly string[]> = {}
    for (const { name, required, list, preset } of members[type as keyof typeof members]) {
      const text = given.get(name) ?? preset
      given.delete(name)
      if (text === undefined || text === '') {
        if (required) problems.push(`the obligation ${type} needs @${prefix}${name}("…")`)
        continue
      }
      if (name === 'acr_value' && !acrShape.test(text)) problems.push(`@${prefix}${name} is no authentication context`)
      properties[name] = list ? listOf(text) : text
    }
    rules.push({ type: type as ObligationType, properties })
  }
  if (new Set(types).size < types.length) problems.push('an obligation is named once')
  if (types.includes('custom')) rules.push({ type: 'custom', properties: Object.fromEntries(given) })
  else for (const name of given.keys()) problems.push(`no obligation here has a member @${prefix}${name}`)
  if (annotations.obligation !== undefined && types.length === 0) problems.push('@obligation names no obligation')
  return { rules, problems }
}

/**
 * What a policy's annotations oblige to. INVARIANT: annotations that do not read oblige to something that nobody can do, so that
 * whoever enforces denies; a bundle with such ones is refused, but one may be older than that check.
 */
export function obligationsOf(annotations: Annotations): readonly ObligationRule[] {
  const { rules, problems } = readObligations(annotations)
  return problems.length === 0 ? rules : [{ type: 'custom', properties: { unreadable: problems.join('; ') } }]
}

/** Obligations of several policies as one answer carries them: the same one of two policies is one. */
export function gatherObligations(
  all: Iterable<readonly [policy: string, rules: readonly ObligationRule[]]>,
  { principal, action, resource }: Pick<DecisionRequest, 'principal' | 'action' | 'resource'>,
): readonly Obligation[] {
  const ids: Record<string, string> = { principal: principal.id, action: action.id, resource: resource.id }
  const fill = (text: string) => text.replace(/\{(principal|action|resource)\}/g, (_, name: string) => ids[name] ?? '')
  const found = new Map<string, Obligation>()
  for (const [policy, rules] of all) {
    for (const { type, properties } of rules) {
      const filled = Object.fromEntries(
        Object.entries(properties).map(([name, value]) => [name, typeof value === 'string' ? fill(value) : value]),
      )
      const key = `${type}\n${JSON.stringify(filled)}`
      if (!found.has(key)) found.set(key, { id: `${policy}:${type}`, type, properties: filled })
    }
  }
  return [...found.values()]
}

function listOf(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
