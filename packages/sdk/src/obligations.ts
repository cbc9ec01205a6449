import type { Obligation } from './evaluation.ts'
import { isObject } from './tokens/jws.ts'
import type { Authentication } from './tokens/step-up.ts'

/**
 * The obligations of an answer's context; undefined when they cannot be read, and then nobody knows what is owed.
 */
export function readObligations(context: unknown): readonly Obligation[] | undefined {
  if (!isObject(context) || context.obligations === undefined) return []
  if (!Array.isArray(context.obligations)) return undefined
  const obligations: Obligation[] = []
  for (const one of context.obligations) {
    if (!isObject(one)) return undefined
    const { id, type, properties = {} } = one
    if (typeof id !== 'string' || typeof type !== 'string' || !isObject(properties)) return undefined
    obligations.push({ id, type, properties })
  }
  return obligations
}

/** What a `step-up` obligation asks of the sign-in; undefined when it cannot be read. */
export function readStepUp({ properties }: Obligation): Authentication | undefined {
  const { acr_value: acr, amr_values: amr = [] } = properties
  if (typeof acr !== 'string' || !Array.isArray(amr) || !amr.every((one) => typeof one === 'string')) return undefined
  return { acrValues: [acr], amrValues: amr as string[] }
}
