import { compileConditions } from './compile.ts'
import type { Frame } from './frame.ts'
import type { ActionConstraint, Constraint, Policy } from './policy-json.ts'
import type { Uid } from './value.ts'

/** A static policy or template, compiled. Its links share it. */
export class Compiled {
  readonly id: string
  readonly policy: Policy
  readonly permits: boolean
  readonly principal: Constraint
  readonly action: ActionConstraint
  readonly resource: Constraint
  readonly test: ((frame: Frame) => boolean) | undefined
  /** True when the action constraint names several, so that one request may meet the policy more than once. */
  readonly several: boolean
  /** Links in force, by which a template knows whether it may go. */
  links = 0

  constructor(id: string, policy: Policy) {
    this.id = id
    this.policy = policy
    this.permits = policy.effect === 'permit'
    this.principal = policy.principal
    this.action = policy.action
    this.resource = policy.resource
    this.test = compileConditions(policy.conditions)
    this.several = policy.action.op === 'in' && policy.action.entities.length > 1
  }
}

/** A policy in force: a static one, or a template with its slots filled. */
export class Rule {
  readonly id: string
  readonly compiled: Compiled
  /** The entity its scope names for principal and resource, if it names one. */
  readonly principal: Uid | undefined
  readonly resource: Uid | undefined
  /** Its place among all, for the order of reasons. */
  readonly order: number
  /** The last decision that met it: guards policies of several actions against being met twice. */
  met = 0

  constructor(id: string, compiled: Compiled, order: number, principal: Uid | undefined, resource: Uid | undefined) {
    this.id = id
    this.compiled = compiled
    this.order = order
    this.principal = principal
    this.resource = resource
  }
}

/** Whether a request lies in the scope of a rule. Never errs. */
export function inScope(rule: Rule, frame: Frame): boolean {
  const compiled = rule.compiled
  return (
    meets(compiled.principal, rule.principal, frame.principal, frame) &&
    meetsAction(compiled.action, frame) &&
    meets(compiled.resource, rule.resource, frame.resource, frame)
  )
}

/** Whether one part of a scope holds; `named` is the entity it names, a link's slot filled. */
export function meets(constraint: Constraint, named: Uid | undefined, uid: Uid, frame: Frame): boolean {
  switch (constraint.op) {
    case 'all':
      return true
    case '==':
      return uid.id === (named as Uid).id && uid.type === (named as Uid).type
    case 'in':
      return frame.isIn(uid, (named as Uid).type, (named as Uid).id)
    case 'is':
      return uid.type === constraint.type
    case 'isIn':
      return uid.type === constraint.type && frame.isIn(uid, (named as Uid).type, (named as Uid).id)
  }
}

export function meetsAction(constraint: ActionConstraint, frame: Frame): boolean {
  const action = frame.action
  switch (constraint.op) {
    case 'all':
      return true
    case '==':
      return action.id === constraint.entity.id && action.type === constraint.entity.type
    case 'in':
      for (const entity of constraint.entities) if (frame.isIn(action, entity.type, entity.id)) return true
      return false
  }
}
