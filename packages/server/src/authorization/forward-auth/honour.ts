import type { Decision } from '../engine/decision.ts'
import type { Obligation } from '../obligations/obligation.ts'
import { isStrongEnough, type StepUp, type Strength, stepUpOf } from '../obligations/strength.ts'

/** What comes of a decision at the gateway. */
export interface Honoured {
  /** The decision as it is enforced, and goes on record. */
  readonly decision: Decision
  /** What the person must prove first, where that would help. */
  readonly stepUp?: StepUp
}

/** A credential gives no more than its holder may, and may give less: what it is not for is denied, whatever policies say. */
export function holdToCredential(decision: Decision, actions: readonly string[] | undefined, action: string): Decision {
  if (!decision.allow || actions === undefined || actions.includes(action)) return decision
  const reasons = ['gatehouse:credential-scope', ...decision.reasons]
  return { ...decision, allow: false, outcome: 'deny_policy', reasons }
}

/**
 * Enforces a decision together with its obligations (AuthZEN Obligations profile, "PEP Compliance Semantics"). The gateway can ask for
 * a stronger sign-in and nothing else: a permission with any other obligation is a denial. A denial stays one; a stronger sign-in is
 * offered where every policy that forbids asks for one.
 */
export function honour(
  decision: Decision,
  obligations: readonly Obligation[],
  held: Strength,
  /** Whether a policy or grant asks for a stronger sign-in. */
  asksForMore: (reason: string) => boolean,
): Honoured {
  const steps = obligations.filter(({ type }) => type === 'step-up').map(stepUpOf)
  const missing = steps.filter((step) => !isStrongEnough(held, step))
  const first = missing[0]
  const stepUp = first && { acr: first.acr, amr: [...new Set(missing.flatMap(({ amr }) => amr))] }
  if (!decision.allow) {
    const helps = missing.length === steps.length && decision.reasons.every(asksForMore)
    return stepUp !== undefined && helps ? { decision, stepUp } : { decision }
  }
  const denied = (reason: string): Decision => ({
    ...decision,
    allow: false,
    outcome: 'deny_policy',
    reasons: [reason, ...decision.reasons],
  })
  if (steps.length < obligations.length) return { decision: denied('gatehouse:obligation-unmet') }
  return stepUp === undefined ? { decision } : { decision: denied('gatehouse:step-up-needed'), stepUp }
}
