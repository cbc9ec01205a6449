import type { Obligation } from './obligation.ts'

/** How surely somebody has proved who they are (`acr` and `amr` of OpenID Connect). */
export interface Strength {
  readonly acr?: string | undefined
  readonly amr?: readonly string[] | undefined
}

/** Gatehouse's own classes, weakest first: each is enough where a weaker one is asked for. Others are enough for themselves. */
const ordered = ['urn:gatehouse:acr:1', 'urn:gatehouse:acr:2', 'phr']

/** What a `step-up` asks for. */
export interface StepUp {
  readonly acr: string
  readonly amr: readonly string[]
}

export const stepUpOf = ({ properties }: Obligation): StepUp => ({
  acr: String(properties.acr_value),
  amr: Array.isArray(properties.amr_values) ? properties.amr_values : [],
})

/** Whether a proof is as strong as asked for; nobody's is not. */
export function isStrongEnough({ acr, amr = [] }: Strength, wanted: StepUp): boolean {
  if (!wanted.amr.every((method) => amr.includes(method))) return false
  if (acr === wanted.acr) return true
  const least = ordered.indexOf(wanted.acr)
  return least >= 0 && acr !== undefined && ordered.indexOf(acr) >= least
}
