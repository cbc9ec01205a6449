import { begin } from './decide.ts'
import type { EntityView } from './entity.ts'
import type { Expression } from './expression.ts'
import { formatExpression } from './format-expression.ts'
import { Frame } from './frame.ts'
import type { Request } from './request.ts'
import { type Residual, residualOf } from './residual.ts'
import { actionMeets, principalMeets, type Rule } from './rule.ts'
import type { RuleIndex } from './rule-index.ts'
import { Uid } from './value.ts'

/** A policy with what is left of it: it is satisfied where every part is true, none erring on the way. */
export type ResidualPolicy = {
  readonly policy: string
  readonly effect: 'permit' | 'forbid'
  readonly parts: readonly Residual[]
}

/**
 * What is left of the policies for one principal, action, context and type of resource. A resource is allowed where
 * some permit is satisfied and no forbid is.
 */
export type Partial = {
  readonly resourceType: string
  readonly permits: readonly ResidualPolicy[]
  readonly forbids: readonly ResidualPolicy[]
}

/** A request whose resource is not known but for its type. */
export type PartialRequest = Omit<Request, 'resource'> & { readonly resourceType: string }

const resource: Expression = { kind: 'variable', name: 'resource' }

/**
 * Evaluates all that does not depend on the resource. Policies that no resource of the type can satisfy are gone.
 * @throws {CedarError} as `authorize`
 */
export function partial(index: RuleIndex, request: PartialRequest, view: EntityView): Partial {
  const frame = new Frame()
  begin(frame, { ...request, resource: { type: request.resourceType, id: '' } }, view)
  const found = new Map<Rule, ResidualPolicy>()
  index.visitOpen(frame, 1, (rule) => {
    if (found.has(rule) || !principalMeets(rule, frame) || !actionMeets(rule, frame)) return
    const parts = partsOf(rule, frame, request.resourceType)
    if (parts !== undefined) found.set(rule, { policy: rule.id, effect: rule.compiled.policy.effect, parts })
  })
  const policies = [...found].sort(([a], [b]) => a.order - b.order).map(([, policy]) => policy)
  return {
    resourceType: request.resourceType,
    permits: policies.filter(({ effect }) => effect === 'permit'),
    forbids: policies.filter(({ effect }) => effect === 'forbid'),
  }
}

/** Scope and conditions as one list; undefined where they cannot all be true. */
function partsOf(rule: Rule, frame: Frame, type: string): Residual[] | undefined {
  const parts: Residual[] = []
  const { resource: constraint, policy } = rule.compiled
  const named = rule.resource
  if ((constraint.op === 'is' || constraint.op === 'isIn') && constraint.type !== type) return undefined
  if (constraint.op === '==' && named?.type !== type) return undefined
  if (named !== undefined) {
    const operator = constraint.op === '==' ? '==' : 'in'
    parts.push({
      kind: 'binary',
      operator,
      left: resource,
      right: { kind: 'value', value: new Uid(named.type, named.id) },
    })
  }
  for (const { kind, body } of policy.conditions) {
    const left = residualOf(body, frame)
    const wanted = kind === 'when'
    if (left.kind === 'fault') return undefined
    if (left.kind === 'value') {
      if (left.value === wanted) continue
      return undefined
    }
    parts.push(wanted ? left : { kind: 'not', of: left })
  }
  return parts
}

/** What is left as Cedar text, for people. */
export function formatPartial(left: Partial): string {
  const line = ({ policy, effect, parts }: ResidualPolicy) =>
    `// ${policy}\n${effect} when { ${parts.length === 0 ? 'true' : parts.map(formatExpression).join(' && ')} };`
  return [...left.permits, ...left.forbids].map(line).join('\n')
}
