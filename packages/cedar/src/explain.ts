import { type Decision, decide, startFrame } from './decide.ts'
import type { EntityView } from './entity.ts'
import { type Clause, clauseOf, outcomeOf, type Path, pathBetween, pathsIn } from './explain-clause.ts'
import { formatAction, formatConstraint } from './format-expression.ts'
import type { Frame } from './frame.ts'
import type { Request } from './request.ts'
import { actionMeets, principalMeets, type Rule, resourceMeets } from './rule.ts'
import type { RuleIndex } from './rule-index.ts'
import type { Uid } from './value.ts'

/** One policy's part in a decision. */
export type PolicyExplanation = {
  readonly policy: string
  readonly effect: 'permit' | 'forbid'
  /** The template, for a link. */
  readonly template: string | undefined
  readonly annotations: { readonly [key: string]: string }
  /** The parts of the scope that did not hold, as Cedar text; empty for a policy in scope. */
  readonly outOfScope: readonly string[]
  /** The clause that failed or erred, in a policy whose scope held. */
  readonly failed: Clause | undefined
  /** The way up behind each `in` that was true, scope and conditions alike. */
  readonly paths: readonly Path[]
}

export type Explanation = Decision & {
  /** Tells "X forbids" from "nothing permits". */
  readonly why: 'permitted' | 'forbidden' | 'nothing permits'
  readonly decided: readonly PolicyExplanation[]
  /** Policies that came close: in scope but for one part, or in scope and failed by a clause. Closest first. */
  readonly nearly: readonly PolicyExplanation[]
  /** False if there were too many policies to look at all of them for `nearly`. */
  readonly complete: boolean
}

const mostLooked = 50_000

/** Decides a request and says why. Costs what it must: it is for people, not for the path of every request. */
export function explain(
  index: RuleIndex,
  request: Request,
  view: EntityView,
  isTemplate: (id: string) => boolean,
  most: number,
): Explanation {
  const decision = decide(index, request, view)
  const frame = startFrame(request, view)
  const deciding = new Set(decision.reasons)
  const looked = new Set<Rule>()
  const found: { rule: Rule; outOfScope: string[]; explained: PolicyExplanation }[] = []
  let complete = true
  const look = (rule: Rule): boolean => {
    if (looked.has(rule)) return true
    if (looked.size >= mostLooked) {
      complete = false
      return false
    }
    looked.add(rule)
    const outOfScope = scopeFailures(rule, frame)
    if (outOfScope.length > 1 || (outOfScope.length === 1 && found.length > most * 20)) return true
    found.push({ rule, outOfScope, explained: explainRule(rule, outOfScope, frame, isTemplate(rule.compiled.id)) })
    return true
  }
  index.visit(frame, look)
  for (let part = 0; part < 3; part++) index.visitNear(frame, part, look)
  found.sort((a, b) => a.outOfScope.length - b.outOfScope.length || a.rule.order - b.rule.order)
  const decided = found.filter(({ rule }) => deciding.has(rule.id)).map(({ explained }) => explained)
  const nearly = found.filter(({ explained }) => explained.failed !== undefined || explained.outOfScope.length > 0)
  return {
    ...decision,
    why: decision.decision === 'allow' ? 'permitted' : decision.reasons.length > 0 ? 'forbidden' : 'nothing permits',
    decided,
    nearly: nearly.slice(0, most).map(({ explained }) => explained),
    complete,
  }
}

function scopeFailures(rule: Rule, frame: Frame): string[] {
  const { principal, action, resource } = rule.compiled
  const failures: string[] = []
  if (!principalMeets(rule, frame)) failures.push(formatConstraint('principal', principal, rule.principal))
  if (!actionMeets(rule, frame)) failures.push(formatAction(action))
  if (!resourceMeets(rule, frame)) failures.push(formatConstraint('resource', resource, rule.resource))
  return failures
}

function explainRule(rule: Rule, outOfScope: string[], frame: Frame, linked: boolean): PolicyExplanation {
  const policy = rule.compiled.policy
  const paths = new Map<string, Path>()
  let failed: Clause | undefined
  if (outOfScope.length === 0) {
    addScopePath(rule.compiled.principal.op, frame.principal, rule.principal, frame, paths)
    addScopePath(rule.compiled.resource.op, frame.resource, rule.resource, frame, paths)
    if (policy.action.op === 'in')
      for (const entity of policy.action.entities) addScopePath('in', frame.action, entity, frame, paths)
    for (const { kind, body } of policy.conditions) {
      if (failed === undefined && outcomeOf(body, frame) !== (kind === 'when')) failed = clauseOf(kind, body, frame)
      pathsIn(body, frame, paths)
    }
  }
  return {
    policy: rule.id,
    effect: policy.effect,
    template: linked ? rule.compiled.id : undefined,
    annotations: policy.annotations,
    outOfScope,
    failed,
    paths: [...paths.values()],
  }
}

function addScopePath(op: string, from: Uid, to: Uid | undefined, frame: Frame, paths: Map<string, Path>): void {
  if ((op !== 'in' && op !== 'isIn') || to === undefined) return
  const path = pathBetween(from, to, frame)
  if (path !== undefined) paths.set(`${from.type} ${from.id} ${to.type} ${to.id}`, path)
}
