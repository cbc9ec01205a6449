import type { Clause, EntityView, Path, PolicyExplanation } from '@gatehouse/cedar'
import type { ApplicationPolicies } from '../engine/application.ts'
import type { Decision, DecisionRequest } from '../engine/decision.ts'
import { classifyPolicyError, type PolicyErrorKind } from '../engine/policy-error.ts'
import { Masks, withoutValues } from './masks.ts'

/** A policy with what it says of itself (`@says`), and the role where it is a grant. */
interface Named {
  readonly id: string
  readonly role?: string
  readonly says?: string
}

/** Why an answer is what it is: told when asked for, to who may know. Values that are secret are masked. */
export interface Explanation {
  readonly outcome: Decision['outcome']
  /** "Nothing permits it", "Forbidden by …": one sentence. */
  readonly says: string
  /** The policies that decided, and how the entities lie in what they name. */
  readonly reasons: readonly (Named & { readonly paths?: readonly Path[] })[]
  /**
   * Where nothing permits: permits that came close, closest first, with the part of the scope that did not fit, or the clause that
   * failed and what its operands were worth.
   */
  readonly nearly?: readonly (Named & { readonly outOfScope?: readonly string[]; readonly failed?: Clause })[]
  /** Policies that erred and were skipped: an erring forbid is a hole. */
  readonly errors: readonly ExplainedError[]
  readonly bundle: string
}

export interface ExplainedError {
  readonly policy: string
  readonly effect?: 'permit' | 'forbid'
  readonly kind: PolicyErrorKind
  /** The attribute or tag that is missing. */
  readonly attribute?: string
  readonly message: string
}

export const sentences: Record<Decision['outcome'], string> = {
  allow: 'Permitted by the policies named, and forbidden by none',
  deny_policy: 'Forbidden by the policies named, whatever others permit',
  deny_default: 'Nothing permits it',
  deny_error: 'Nothing permits it, and the policies named in errors could not be evaluated',
}

export const ours: Record<string, string> = {
  'gatehouse:principal-unknown': 'The directory has no such principal in this organization',
  'gatehouse:principal-inactive': 'The principal is not active',
  'gatehouse:application-inactive': 'The application is not active',
  'gatehouse:step-up-needed': 'It takes a stronger sign-in',
  'gatehouse:obligation-unmet': 'A policy obliges to what the gateway cannot do',
  'gatehouse:no-bundle': 'The application has no policies in force',
}
const nearlyMost = 5

/** @param view what was decided on */
export function explain(
  application: ApplicationPolicies,
  decision: Decision,
  request: DecisionRequest,
  view: EntityView,
  nowMs: number,
): Explanation {
  const masks = new Masks(application.manifest.secretAttributes)
  const isOurs = decision.reasons.some((id) => ours[id] !== undefined)
  const looked = isOurs ? undefined : look(application, request, view, nowMs)
  const pathsOf = new Map(looked?.decided.map(({ policy, paths }) => [policy, paths.filter((path) => path.length > 1)]))
  const named = (id: string): Named => nameOf(application, id, nowMs)
  // A permit of another action is no near miss: every policy set is full of them.
  const permits = looked?.nearly
    .filter(({ effect, outOfScope }) => effect === 'permit' && !outOfScope.some((part) => part.startsWith('action')))
    .slice(0, nearlyMost)
  return {
    outcome: decision.outcome,
    says: sentences[decision.outcome],
    reasons: decision.reasons.map((id) => {
      const says = ours[id]
      if (says !== undefined) return { id, says }
      const paths = pathsOf.get(id)
      return { ...named(id), ...(paths !== undefined && paths.length > 0 && { paths }) }
    }),
    ...(permits !== undefined &&
      (decision.outcome === 'deny_default' || decision.outcome === 'deny_error') && {
        nearly: permits.map(({ policy, outOfScope, failed }) => ({
          ...named(policy),
          ...(outOfScope.length > 0 && { outOfScope }),
          ...(failed !== undefined && { failed: masks.clause(failed) }),
        })),
      }),
    errors: decision.errors.map(({ policy, effect, message }) => ({
      policy,
      ...(effect !== undefined && { effect }),
      ...classifyPolicyError(message),
      message: withoutValues(message),
    })),
    bundle: decision.bundle,
  }
}

function nameOf(application: ApplicationPolicies, id: string, nowMs: number): Named {
  const links = application.links(nowMs)
  const role = links.grant(id)?.role
  const says = links.policies.annotations(id)?.says
  return { id, ...(role !== undefined && { role }), ...(says !== undefined && { says }) }
}

/** The engine's own explanation; undefined where it has none, as for a name that is no type. */
function look(
  application: ApplicationPolicies,
  request: DecisionRequest,
  view: EntityView,
  nowMs: number,
): { decided: readonly PolicyExplanation[]; nearly: readonly PolicyExplanation[] } | undefined {
  if (!application.decides()) return undefined
  try {
    return application.links(nowMs).policies.explain(request, view, { most: 20 * nearlyMost })
  } catch {
    return undefined // the decision itself says what went wrong
  }
}
