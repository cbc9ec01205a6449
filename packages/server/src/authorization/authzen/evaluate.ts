import type { EntityView } from '@gatehouse/cedar'
import { type ApplicationId, type Clock, isFault } from '#kernel'
import type { ApplicationPolicies } from '../engine/application.ts'
import type { DecisionRequest } from '../engine/decision.ts'
import type { EntityUid } from '../entities/source.ts'
import type { TokenClaims } from '../forward-auth/ports.ts'
import type { Decided, Recorder } from '../journal/recorder.ts'
import type { Obligation } from '../obligations/obligation.ts'
import { type Explanation, explain } from './explain.ts'
import { type Evaluation, isMembers, type Members, type Options, readEvaluation, tokenType, wrong } from './request.ts'
import { translate } from './translate.ts'

export interface Answered {
  readonly decision: boolean
  readonly context?:
    | Explanation
    | { readonly obligations: readonly Obligation[] }
    | { readonly error: { readonly status: number; readonly message: string } }
}

export interface Asking {
  readonly application: ApplicationPolicies
  readonly caller: EntityUid
  readonly requestId: string
}

export interface EvaluateDeps {
  readonly clock: Clock
  readonly recorder: Recorder
  /** Whom an access token for this application speaks for, and through whom; undefined for one that does not count. */
  readonly readToken: (token: string, application: ApplicationId) => TokenClaims | undefined
}

/** Decides one evaluation and puts it on record. @throws {Fault} `authorization.journal_unavailable` and what `translate` does */
export async function evaluate(
  deps: EvaluateDeps,
  asking: Asking,
  evaluation: Evaluation,
  options: Options,
): Promise<Answered> {
  const made = decideOne(deps, asking, evaluation, '/body')
  await deps.recorder.keepSoon(made.decided)
  return answer(deps, asking, made, options)
}

/**
 * Decides a list with the defaults of its body, in order; with `deny_on_first_deny` and `permit_on_first_permit` the answer
 * ends with the decision that ends it (AuthZEN 1.0, "Access Evaluations"). One that cannot be read is a deny with its error.
 */
export async function evaluateAll(
  deps: EvaluateDeps,
  asking: Asking,
  list: readonly unknown[],
  defaults: Members,
  options: Options,
): Promise<Answered[]> {
  const answers: Answered[] = []
  const kept: Decided[] = []
  const answerOne = (given: unknown, at: string): Answered => {
    try {
      if (!isMembers(given)) throw wrong(at, 'must be an object')
      const made = decideOne(deps, asking, readEvaluation(given, defaults, at), at)
      kept.push(made.decided)
      return answer(deps, asking, made, options)
    } catch (error) {
      if (!isFault(error, 'authorization.request_invalid')) throw error
      return { decision: false, context: { error: { status: error.status, message: error.detail ?? error.says } } }
    }
  }
  for (let index = 0; index < list.length; index++) {
    const answered = answerOne(list[index], `/body/evaluations/${index}`)
    answers.push(answered)
    if (options.semantic === 'deny_on_first_deny' && !answered.decision) break
    if (options.semantic === 'permit_on_first_permit' && answered.decision) break
  }
  if (kept.length > 0) await deps.recorder.keepSoon(...kept)
  return answers
}

function decideOne(deps: EvaluateDeps, asking: Asking, evaluation: Evaluation, at: string): Made {
  const { clock } = deps
  const startedAt = performance.now()
  const { application, caller, requestId } = asking
  const spoken =
    evaluation.subject.type === tokenType ? deps.readToken(evaluation.subject.id, application.id) : undefined
  const { request, view } = translate(application, evaluation, at, spoken)
  const decision = application.decide(request, clock.nowMs(), view)
  const { principal, action, resource } = request
  const applicationId = application.id
  const decided: Decided = {
    via: 'authzen',
    requestId,
    applicationId,
    caller,
    principal,
    action,
    resource,
    decision,
    startedAt,
  }
  return { decided, request, view }
}

/** A decision with what was decided on. */
interface Made {
  readonly decided: Decided
  readonly request: DecisionRequest
  readonly view: EntityView
}

function answer({ clock }: EvaluateDeps, { application }: Asking, made: Made, options: Options): Answered {
  const { decision } = made.decided
  const obligations = application.obligations(decision, made.request)
  if (options.explain) {
    const explained = explain(application, decision, made.request, made.view, clock.nowMs())
    return { decision: decision.allow, context: { ...explained, ...(obligations !== undefined && { obligations }) } }
  }
  return obligations === undefined
    ? { decision: decision.allow }
    : { decision: decision.allow, context: { obligations } }
}
