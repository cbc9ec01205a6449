import { compileConditions } from './compile.ts'
import type { Frame } from './frame.ts'
import type { ActionConstraint, Constraint, Policy } from './policy-json.ts'
import type { EntityUid } from './request.ts'
import { Uid } from './value.ts'

/** A static policy or template, compiled. Its links share it. */
export class Compiled {
  readonly id: string
  readonly policy: Policy
  readonly permits: boolean
  readonly principal: Constraint
  readonly action: ActionConstraint
  readonly resource: Constraint
  readonly test: ((frame: Frame) => boolean) | undefined
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
  }
}

/** A policy in force: a static one, or a template with its slots filled. There may be millions: it is kept small. */
export class Rule {
  readonly id: string
  readonly compiled: Compiled
  /** Its place among all, for the order of reasons. */
  readonly order: number
  /** The entity its scope names for principal, if it names one. */
  readonly principalType: string | undefined
  readonly principalId: string | undefined
  /** And for resource. */
  readonly resourceType: string | undefined
  readonly resourceId: string | undefined

  constructor(
    id: string,
    compiled: Compiled,
    order: number,
    principal: EntityUid | undefined,
    resource: EntityUid | undefined,
  ) {
    this.id = id
    this.compiled = compiled
    this.order = order
    this.principalType = principal?.type
    this.principalId = principal?.id
    this.resourceType = resource?.type
    this.resourceId = resource?.id
  }

  get principal(): Uid | undefined {
    return this.principalType === undefined ? undefined : new Uid(this.principalType, this.principalId as string)
  }

  get resource(): Uid | undefined {
    return this.resourceType === undefined ? undefined : new Uid(this.resourceType, this.resourceId as string)
  }
}

/** Whether a request lies in the scope of a rule. Never errs. */
export function inScope(rule: Rule, frame: Frame): boolean {
  return principalMeets(rule, frame) && actionMeets(rule, frame) && resourceMeets(rule, frame)
}

export const principalMeets = (rule: Rule, frame: Frame) =>
  meets(rule.compiled.principal, rule.principalType, rule.principalId, frame.principal, frame)

export const resourceMeets = (rule: Rule, frame: Frame) =>
  meets(rule.compiled.resource, rule.resourceType, rule.resourceId, frame.resource, frame)

function meets(
  constraint: Constraint,
  type: string | undefined,
  id: string | undefined,
  uid: Uid,
  frame: Frame,
): boolean {
  switch (constraint.op) {
    case 'all':
      return true
    case '==':
      return uid.id === id && uid.type === type
    case 'in':
      return frame.isIn(uid, type as string, id as string)
    case 'is':
      return uid.type === constraint.type
    case 'isIn':
      return uid.type === constraint.type && frame.isIn(uid, type as string, id as string)
  }
}

export function actionMeets(rule: Rule, frame: Frame): boolean {
  const constraint = rule.compiled.action
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
