import type { EntityView } from './entity.ts'
import { EvaluationFault } from './errors.ts'
import { Frame } from './frame.ts'
import { checkUid, type Request, readContext } from './request.ts'
import { inScope, type Rule } from './rule.ts'
import type { RuleIndex } from './rule-index.ts'

/** What was decided. `reasons` are the ids of the policies that decided; `errors` those that erred and were skipped. */
export type Decision = {
  readonly decision: 'allow' | 'deny'
  readonly reasons: readonly string[]
  readonly errors: readonly { readonly policy: string; readonly message: string }[]
}

type Failure = { rule: Rule; message: string }

/** A reusable decision under way. INVARIANT: the lists are only added to between `begin` and `finish`. */
class Tally {
  readonly frame = new Frame()
  permits: Rule[] = []
  permitted = 0
  forbids: Rule[] = []
  forbidden = 0
  failures: Failure[] | undefined

  readonly meet = (rule: Rule): void => {
    const compiled = rule.compiled
    const frame = this.frame
    if (!inScope(rule, frame)) return
    const test = compiled.test
    if (test !== undefined) {
      try {
        if (!test(frame)) return
      } catch (error) {
        if (!(error instanceof EvaluationFault)) throw error
        this.failures ??= []
        this.failures.push({ rule, message: error.message })
        return
      }
    }
    if (compiled.permits) this.permits[this.permitted++] = rule
    else this.forbids[this.forbidden++] = rule
  }
}

let spare: Tally | undefined = new Tally()
const none: readonly never[] = Object.freeze([])
const denied: Decision = Object.freeze({ decision: 'deny', reasons: none, errors: none })

/** Decides one request. @throws {CedarError} `json` for a request that is none, `limit` */
export function decide(index: RuleIndex, request: Request, view: EntityView): Decision {
  // A view may itself decide something while it is asked: then the spare is taken, and a new tally is made.
  const tally = spare ?? new Tally()
  const frame = tally.frame
  begin(frame, request, view)
  spare = undefined
  tally.permitted = tally.forbidden = 0
  tally.failures = undefined
  try {
    index.visit(frame, tally.meet)
    return conclude(tally)
  } finally {
    frame.end()
    if (tally.permits.length > 64) tally.permits = []
    if (tally.forbids.length > 64) tally.forbids = []
    spare = tally
  }
}

/** Puts a request into a frame. @throws {CedarError} `json`, `limit` */
export function begin(frame: Frame, request: Request, view: EntityView): void {
  const { principal, action, resource } = request
  checkUid(principal, 'principal')
  checkUid(action, 'action')
  checkUid(resource, 'resource')
  const context = readContext(request.context)
  frame.principal.type = principal.type
  frame.principal.id = principal.id
  frame.action.type = action.type
  frame.action.id = action.id
  frame.resource.type = resource.type
  frame.resource.id = resource.id
  frame.begin(view, context)
}

/** A frame of its own for a request: for what looks at a decision at leisure. @throws {CedarError} `json`, `limit` */
export function startFrame(request: Request, view: EntityView): Frame {
  const frame = new Frame()
  begin(frame, request, view)
  return frame
}

function conclude(tally: Tally): Decision {
  const failures = tally.failures
  const errors = failures === undefined ? none : errorsOf(failures)
  if (tally.forbidden > 0) return { decision: 'deny', reasons: idsOf(tally.forbids, tally.forbidden), errors }
  if (tally.permitted > 0) return { decision: 'allow', reasons: idsOf(tally.permits, tally.permitted), errors }
  return failures === undefined ? denied : { decision: 'deny', reasons: none, errors }
}

function errorsOf(failures: Failure[]): { policy: string; message: string }[] {
  const first = failures[0] as Failure
  if (failures.length === 1) return [errorOf(first)]
  return failures
    .sort((a, b) => a.rule.order - b.rule.order)
    .filter(({ rule }, at) => rule !== failures[at - 1]?.rule)
    .map(errorOf)
}

const errorOf = ({ rule, message }: Failure) => ({
  policy: rule.id,
  message: `error while evaluating policy \`${rule.id}\`: ${message}`,
})

function idsOf(rules: Rule[], count: number): string[] {
  if (count === 1) return [(rules[0] as Rule).id]
  // In place, since most often there are two or three and a decision shall allocate little.
  for (let at = 1; at < count; at++) {
    const rule = rules[at] as Rule
    let to = at
    for (; to > 0 && (rules[to - 1] as Rule).order > rule.order; to--) rules[to] = rules[to - 1] as Rule
    rules[to] = rule
  }
  // A policy that names several actions may have been met once for each: after sorting it stands beside itself.
  let distinct = 1
  for (let at = 1; at < count; at++) if (rules[at] !== rules[at - 1]) distinct++
  const ids = new Array<string>(distinct)
  for (let at = 0, to = 0; at < count; at++)
    if (at === 0 || rules[at] !== rules[at - 1]) ids[to++] = (rules[at] as Rule).id
  return ids
}
