import type { ApplicationPolicies } from '../engine/application.ts'
import type { Decision } from '../engine/decision.ts'

/** Why an answer is what it is: told when asked for, to who may know. */
export interface Explanation {
  readonly outcome: Decision['outcome']
  /** "Nothing permits it", "Forbidden by …": one sentence. */
  readonly says: string
  /** The policies that decided, with what they say of themselves (`@says`), and the role where one is a grant. */
  readonly reasons: readonly { readonly id: string; readonly role?: string; readonly says?: string }[]
  /** Policies that erred and were skipped. */
  readonly errors: readonly { readonly policy: string; readonly message: string }[]
  readonly bundle: string
}

const sentences: Record<Decision['outcome'], string> = {
  allow: 'Permitted by the policies named, and forbidden by none',
  deny_policy: 'Forbidden by the policies named, whatever others permit',
  deny_default: 'Nothing permits it',
  deny_error: 'Nothing permits it, and the policies named in errors could not be evaluated',
}

const ours: Record<string, string> = {
  'gatehouse:principal-unknown': 'The directory has no such principal in this organization',
  'gatehouse:principal-inactive': 'The principal is not active',
  'gatehouse:application-inactive': 'The application is not active',
  'gatehouse:step-up-needed': 'It takes a stronger sign-in',
  'gatehouse:obligation-unmet': 'A policy obliges to what the gateway cannot do',
  'gatehouse:no-bundle': 'The application has no policies in force',
}

export function explain(application: ApplicationPolicies, decision: Decision, nowMs: number): Explanation {
  const links = application.links(nowMs)
  return {
    outcome: decision.outcome,
    says: sentences[decision.outcome],
    reasons: decision.reasons.map((id) => {
      const own = ours[id]
      if (own !== undefined) return { id, says: own }
      const role = links.grant(id)?.role
      const says = links.policies.annotations(id)?.says
      return { id, ...(role !== undefined && { role }), ...(says !== undefined && { says }) }
    }),
    errors: decision.errors,
    bundle: decision.bundle,
  }
}
