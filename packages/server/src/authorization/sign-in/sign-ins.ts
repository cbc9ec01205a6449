import { Entities, type EntityView, type PolicySet } from '@gatehouse/cedar'
import type { Clock, OrganizationId, UserId } from '#kernel'
import { type Decision, decide } from '../engine/decision.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import type { Recorder } from '../journal/recorder.ts'

/** What `@require("…")` of a sign-in policy may name, weakest first. */
export const factorsRequired = ['email', 'totp', 'passkey'] as const
export type RequiredFactor = (typeof factorsRequired)[number]

/** What is known when somebody signs in, proves more, or opens an application; the context of the policies. */
export interface Circumstances {
  /** `password`, `passkey`, `totp`, `recovery_code`, `email`, `link`, `remembered_device`, `federated`, `federated_mfa`. */
  readonly factors: readonly string[]
  readonly administrator: boolean
  readonly address: string
  /** An IPv4 address, or the /64 of an IPv6 one. */
  readonly network: string
  /** ISO 3166-1 alpha-2; undefined where no data set is configured or it does not know the address. */
  readonly country?: string | undefined
  readonly deviceKnown: boolean
  readonly atMs: number
  /** Local hour of the organization, 0 to 23, and day of the week, 1 (Monday) to 7. */
  readonly hour: number
  readonly weekday: number
  /** Why it may not be the person: `new_device`, `failures`, `network_suspected`, `new_country`. */
  readonly risks: readonly string[]
  readonly applicationId?: string | undefined
  /** Name of the identity provider that says who it is. */
  readonly provider?: string | undefined
}

export interface SignInQuestion extends Circumstances {
  readonly action: 'signIn' | 'stepUp'
  readonly userId: UserId
  readonly organizationId: OrganizationId
}

/** `require`: not yet, but with one of these factors it may be (each is named by a policy that forbids without it). */
export type SignInAnswer =
  | { readonly kind: 'permit' }
  | { readonly kind: 'require'; readonly factors: readonly RequiredFactor[]; readonly reasons: readonly string[] }
  | { readonly kind: 'deny'; readonly reasons: readonly string[] }

const permitted: SignInAnswer = { kind: 'permit' }
const noEntities = new Entities()

/**
 * Asks the sign-in policies of an organization. Synchronous, on the snapshot. INVARIANT: one policy that errs denies, whatever
 * the others say: an erring `forbid` would be a hole.
 */
export class SignIns {
  readonly #deps: { readonly snapshot: Snapshot; readonly recorder: Recorder; readonly clock: Clock }
  constructor(deps: { readonly snapshot: Snapshot; readonly recorder: Recorder; readonly clock: Clock }) {
    this.#deps = deps
  }

  /** Whether the organization has policies at all; without, nothing need be found out for them. */
  has(organizationId: string): boolean {
    return this.bundleOf(organizationId) !== undefined
  }

  /** The hash of the policies in force. */
  bundleOf(organizationId: string): string | undefined {
    return this.#deps.snapshot.signInPolicies(organizationId)?.bundle?.hash
  }

  /**
   * The answer, which is on record when this returns; `permit` where the organization has no policies.
   * @throws {Fault} `authorization.journal_unavailable`
   */
  decide(requestId: string, question: SignInQuestion): SignInAnswer {
    const { snapshot, recorder, clock } = this.#deps
    const held = snapshot.signInPolicies(question.organizationId)
    if (held?.bundle === undefined) return permitted
    const startedAt = performance.now()
    const { decision, answer } = decideSignIn(
      () => held.links(clock.nowMs()).policies,
      held.view.forDecisions,
      held.bundle.hash,
      question,
    )
    const { principal, action, resource } = namesOf(question)
    const { applicationId } = question
    recorder.keep({ via: 'sign-in', requestId, applicationId, principal, action, resource, decision, startedAt })
    return answer
  }
}

const namesOf = ({ userId, action, organizationId }: SignInQuestion) => ({
  principal: { type: 'User', id: userId },
  action: { type: 'Action', id: action },
  resource: { type: 'Organization', id: organizationId },
})

/** One decision by given policies. Pure; whatever goes wrong denies. */
export function decideSignIn(
  policies: () => PolicySet,
  view: EntityView | undefined,
  bundle: string,
  question: SignInQuestion,
): { readonly decision: Decision; readonly answer: SignInAnswer } {
  let set: PolicySet
  try {
    set = policies()
  } catch (error) {
    return erred({ allow: false, outcome: 'deny_error', reasons: [], errors: [problem(error)], bundle })
  }
  const context = contextOf(question)
  const decision = decide(set, view ?? noEntities, bundle, { ...namesOf(question), context }, 'fit')
  if (decision.errors.length > 0) return erred(decision)
  if (decision.allow) return { decision, answer: permitted }
  const named = decision.reasons.map((id) => set.annotations(id)?.require)
  const factors = factorsRequired.filter((factor) => named.includes(factor))
  const mends = decision.reasons.length > 0 && named.every((name) => factors.includes(name as RequiredFactor))
  const { reasons } = decision
  return { decision, answer: mends ? { kind: 'require', factors, reasons } : { kind: 'deny', reasons } }
}

const problem = (error: unknown) => ({
  policy: 'gatehouse:bundle',
  message: error instanceof Error ? error.message : String(error),
})

function erred(decision: Decision) {
  const reasons = decision.errors.map(({ policy }) => policy)
  return {
    decision: { ...decision, allow: false, outcome: 'deny_error' as const },
    answer: { kind: 'deny' as const, reasons },
  }
}

const extension = (fn: string, arg: string) => ({ __extn: { fn, arg } })

function contextOf(it: SignInQuestion): Record<string, unknown> {
  return {
    factors: [...it.factors],
    administrator: it.administrator,
    address: extension('ip', it.address),
    network: it.network,
    ...(it.country !== undefined && { country: it.country }),
    deviceKnown: it.deviceKnown,
    time: extension('datetime', new Date(it.atMs).toISOString()),
    hour: it.hour,
    weekday: it.weekday,
    risk: it.risks.length,
    risks: [...it.risks],
    ...(it.provider !== undefined && { provider: it.provider }),
    ...(it.applicationId !== undefined && { application: { __entity: { type: 'Application', id: it.applicationId } } }),
  }
}
