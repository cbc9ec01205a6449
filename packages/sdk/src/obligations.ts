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
    const { id, properties = {} } = one
    if (typeof id !== 'string' || !isObject(properties)) return undefined
    obligations.push({ id, properties })
  }
  return obligations
}

/** What a `step-up` obligation asks of the sign-in; undefined when it cannot be read. */
export function readStepUp({ properties }: Obligation): Authentication | undefined {
  const { acr_values: acr, max_age: age } = properties
  const acrValues = typeof acr === 'string' ? acr.split(' ').filter((value) => value !== '') : acr
  if (acrValues !== undefined && !(Array.isArray(acrValues) && acrValues.every((value) => typeof value === 'string')))
    return undefined
  const maxAgeSeconds = typeof age === 'string' && /^\d{1,9}$/.test(age) ? Number(age) : age
  if (maxAgeSeconds !== undefined && typeof maxAgeSeconds !== 'number') return undefined
  return {
    ...(acrValues !== undefined && { acrValues: acrValues as string[] }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
  }
}
