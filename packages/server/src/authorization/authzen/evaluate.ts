import { type ApplicationId, type Clock, isFault } from '#kernel'
import type { ApplicationPolicies } from '../engine/application.ts'
import type { EntityUid } from '../entities/source.ts'
import { holdToCredential } from '../forward-auth/honour.ts'
import type { TokenClaims } from '../forward-auth/ports.ts'
import type { Decided, Recorder } from '../journal/recorder.ts'
import type { Obligation } from '../obligations/obligation.ts'
import { type Explanation, explain } from './explain.ts'
import {
  type Evaluation,
  isMembers,
  type Members,
  type Options,
  type Place,
  pointerTo,
  readEvaluation,
  tokenType,
  wrong,
} from './request.ts'
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
export function evaluate(
  deps: EvaluateDeps,
  asking: Asking,
  evaluation: Evaluation,
  options: Options,
): Promise<Answered> {
  const now = { nowMs: deps.clock.nowMs(), startedAt: performance.now() }
  const kept: Decided[] = []
  const answered = decideOne(deps, asking, evaluation, '/body', options, now, kept)
  return deps.recorder.keepSoon(kept).then(() => answered)
}

/**
 * Decides a list with the defaults of its body, in order, all as of one moment; with `deny_on_first_deny` and
 * `permit_on_first_permit` the answer ends with the decision that ends it (AuthZEN 1.0, "Access Evaluations"). One that cannot be
 * read is a deny with its error.
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
  const now = { nowMs: deps.clock.nowMs(), startedAt: performance.now() }
  const answerOne = (given: unknown, at: Place): Answered => {
    try {
      if (!isMembers(given)) throw wrong(pointerTo(at), 'must be an object')
      return decideOne(deps, asking, readEvaluation(given, defaults, at), at, options, now, kept)
    } catch (error) {
      if (!isFault(error, 'authorization.request_invalid')) throw error
      return { decision: false, context: { error: { status: error.status, message: error.detail ?? error.says } } }
    }
  }
  for (let index = 0; index < list.length; index++) {
    const answered = answerOne(list[index], index)
    answers.push(answered)
    if (options.semantic === 'deny_on_first_deny' && !answered.decision) break
    if (options.semantic === 'permit_on_first_permit' && answered.decision) break
  }
  if (kept.length > 0) {
    const keeping = deps.recorder.keepSoon(kept)
    // What outlives its turn is what collecting garbage costs.
    kept.length = 0
    await keeping
  }
  return answers
}

/** When a request is decided: the moment that grants count by, and the monotonic one that its duration counts from. */
interface Now {
  readonly nowMs: number
  readonly startedAt: number
}

/** Decides, and adds to what is to be kept. */
function decideOne(
  deps: EvaluateDeps,
  { application, caller, requestId }: Asking,
  evaluation: Evaluation,
  at: Place,
  options: Options,
  { nowMs, startedAt }: Now,
  kept: Decided[],
): Answered {
  const { id: applicationId } = application
  const spoken =
    evaluation.subject.type === tokenType ? deps.readToken(evaluation.subject.id, applicationId) : undefined
  const { request, view } = translate(application, evaluation, at, spoken)
  const may = application.decide(request, nowMs, view)
  const decision = holdToCredential(may, spoken?.actions, request.action.id)
  const { principal, action, resource } = request
  kept.push({ via: 'authzen', requestId, applicationId, caller, principal, action, resource, decision, startedAt })
  const obligations = application.obligations(decision, request)
  if (options.explain) {
    const explained = explain(application, decision, request, view, nowMs)
    return { decision: decision.allow, context: { ...explained, ...(obligations !== undefined && { obligations }) } }
  }
  if (obligations === undefined) return decision.allow ? permitted : denied
  return { decision: decision.allow, context: { obligations } }
}

const permitted: Answered = Object.freeze({ decision: true })
const denied: Answered = Object.freeze({ decision: false })
