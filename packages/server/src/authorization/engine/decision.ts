import type { CedarRecord, EntityView, PolicySet } from '@gatehouse/cedar'
import type { EntityUid } from '../entities/source.ts'

export interface DecisionRequest {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context?: Readonly<Record<string, unknown>> | CedarRecord
}

/**
 * Why: `deny_policy` is a forbid (or a principal that is not active), `deny_default` that nothing permits, `deny_error` that
 * nothing permits and a policy erred, or that deciding failed altogether.
 */
export type Outcome = 'allow' | 'deny_policy' | 'deny_default' | 'deny_error'

export interface PolicyError {
  readonly policy: string
  /** An erring forbid is a hole; undefined for what is no policy. */
  readonly effect?: 'permit' | 'forbid' | undefined
  readonly message: string
}

export interface Decision {
  readonly allow: boolean
  readonly outcome: Outcome
  /** Ids of the policies and grants that decided; `gatehouse:…` for what no policy says. */
  readonly reasons: readonly string[]
  /** Policies that erred and were skipped. */
  readonly errors: readonly PolicyError[]
  /** The hash of the bundle that decided; empty when there is none. */
  readonly bundle: string
}

/** Why a principal of a directory type cannot be permitted anything, whatever policies say. */
export type PrincipalState = 'fit' | 'gatehouse:principal-unknown' | 'gatehouse:principal-inactive'

const none: readonly never[] = Object.freeze([])

/** Asks the policies. Pure; whatever goes wrong denies. */
export function decide(
  policies: PolicySet,
  view: EntityView,
  bundle: string,
  request: DecisionRequest,
  principal: PrincipalState,
): Decision {
  if (principal !== 'fit') {
    return { allow: false, outcome: 'deny_policy', reasons: [principal], errors: none, bundle }
  }
  try {
    const { decision, reasons, errors: met } = policies.authorize(request, view)
    const errors =
      met.length === 0 ? none : met.map(({ policy, message }) => ({ policy, message, effect: policies.effect(policy) }))
    if (decision === 'allow') return { allow: true, outcome: 'allow', reasons, errors, bundle }
    const outcome = reasons.length > 0 ? 'deny_policy' : errors.length > 0 ? 'deny_error' : 'deny_default'
    return { allow: false, outcome, reasons, errors, bundle }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return {
      allow: false,
      outcome: 'deny_error',
      reasons: none,
      errors: [{ policy: 'gatehouse:engine', message }],
      bundle,
    }
  }
}

/** What decides for an application that is suspended. */
export function inactive(bundle: string): Decision {
  return { allow: false, outcome: 'deny_policy', reasons: ['gatehouse:application-inactive'], errors: none, bundle }
}

/** What decides when an application has no bundle. */
export const noBundle: Decision = Object.freeze({
  allow: false,
  outcome: 'deny_default',
  reasons: Object.freeze(['gatehouse:no-bundle']),
  errors: none,
  bundle: '',
})
