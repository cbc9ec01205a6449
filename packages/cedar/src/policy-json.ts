import { CedarError } from './errors.ts'
import type { Expression } from './expression.ts'
import { type Reading, readExpression } from './expression-json.ts'
import { isPlainObject } from './json.ts'
import { limits } from './limits.ts'
import { isIdentifier, isTypeName } from './names.ts'
import type { Uid } from './value.ts'
import { Budget, uidFromJson } from './value-json.ts'

export type Slot = 'principal' | 'resource'

/** The constraint a scope puts on principal or resource. */
export type Constraint =
  | { readonly op: 'all' }
  | { readonly op: '==' | 'in'; readonly entity: Uid | undefined } // undefined: the template's slot
  | { readonly op: 'is'; readonly type: string }
  | { readonly op: 'isIn'; readonly type: string; readonly entity: Uid | undefined }

export type ActionConstraint =
  | { readonly op: 'all' }
  | { readonly op: '=='; readonly entity: Uid }
  | { readonly op: 'in'; readonly entities: readonly Uid[] }

/** A static policy or a template, read and checked. */
export type Policy = {
  readonly effect: 'permit' | 'forbid'
  readonly principal: Constraint
  readonly action: ActionConstraint
  readonly resource: Constraint
  /** `unless` clauses are negated already. */
  readonly conditions: readonly { readonly kind: 'when' | 'unless'; readonly body: Expression }[]
  readonly annotations: { readonly [key: string]: string }
  readonly slots: readonly Slot[]
}

const fail = (where: string, why: string): never => {
  throw new CedarError('json', `${where}: ${why}`)
}

/**
 * Reads the JSON form of a policy or template (Cedar's EST).
 * @throws {CedarError} `json` with the policy's name and what is wrong, `limit`
 */
export function readPolicy(json: unknown, where: string): Policy {
  if (!isPlainObject(json)) return fail(where, 'a policy is an object')
  for (const key of Object.keys(json)) if (!fields.includes(key)) fail(where, `a policy has no field \`${key}\``)
  const { effect, conditions } = json
  if (effect !== 'permit' && effect !== 'forbid') return fail(where, 'effect must be "permit" or "forbid"')
  if (!Array.isArray(conditions)) return fail(where, 'conditions must be an array')
  const slots: Slot[] = []
  const at: Reading = { budget: new Budget(limits.expressionCount), where }
  return {
    effect,
    principal: readConstraint(json.principal, 'principal', slots, where),
    action: readAction(json.action, where),
    resource: readConstraint(json.resource, 'resource', slots, where),
    conditions: conditions.map((clause) => {
      if (!isPlainObject(clause) || (clause.kind !== 'when' && clause.kind !== 'unless'))
        return fail(where, 'a condition is { kind: "when" | "unless", body }')
      return { kind: clause.kind, body: readExpression(clause.body, at) }
    }),
    annotations: readAnnotations(json.annotations, where),
    slots,
  }
}

const fields = ['effect', 'principal', 'action', 'resource', 'conditions', 'annotations']

function readAnnotations(json: unknown, where: string): { [key: string]: string } {
  const annotations: { [key: string]: string } = Object.create(null)
  if (json === undefined) return annotations
  if (!isPlainObject(json)) return fail(where, 'annotations must be an object')
  for (const key of Object.keys(json)) {
    const value = json[key] ?? ''
    if (!isIdentifier(key)) fail(where, `annotation \`${key}\` is not an identifier`)
    if (typeof value !== 'string') return fail(where, `annotation \`${key}\` must be a string`)
    annotations[key] = value
  }
  return annotations
}

function entityOrSlot(json: { [key: string]: unknown }, slot: Slot, slots: Slot[], where: string): Uid | undefined {
  if ('entity' in json) return uidFromJson(json.entity, `${where}: ${slot}`)
  if (json.slot !== `?${slot}`) return fail(where, `${slot} must name an entity or the slot ?${slot}`)
  slots.push(slot)
  return undefined
}

function readConstraint(json: unknown, slot: Slot, slots: Slot[], where: string): Constraint {
  if (!isPlainObject(json)) return fail(where, `${slot} must be an object with an op`)
  switch (json.op) {
    case 'All':
    case 'all':
      return { op: 'all' }
    case '==':
    case 'in':
      return { op: json.op, entity: entityOrSlot(json, slot, slots, where) }
    case 'is': {
      const type = json.entity_type
      if (typeof type !== 'string' || !isTypeName(type)) return fail(where, `${slot} is: not an entity type name`)
      if (json.in === undefined) return { op: 'is', type }
      if (!isPlainObject(json.in)) return fail(where, `${slot} is … in must be an object`)
      return { op: 'isIn', type, entity: entityOrSlot(json.in, slot, slots, where) }
    }
    default:
      return fail(where, `${slot}: unknown op ${JSON.stringify(json.op)}`)
  }
}

function readAction(json: unknown, where: string): ActionConstraint {
  if (!isPlainObject(json)) return fail(where, 'action must be an object with an op')
  switch (json.op) {
    case 'All':
    case 'all':
      return { op: 'all' }
    case '==':
      return { op: '==', entity: actionUid(json.entity, where) }
    case 'in': {
      const entities = 'entity' in json ? [json.entity] : json.entities
      if (!Array.isArray(entities)) return fail(where, 'action in must name entities')
      return { op: 'in', entities: entities.map((entity) => actionUid(entity, where)) }
    }
    default:
      return fail(where, `action: unknown op ${JSON.stringify(json.op)}`)
  }
}

function actionUid(json: unknown, where: string): Uid {
  const uid = uidFromJson(json, `${where}: action`)
  if (uid.type !== 'Action' && !uid.type.endsWith('::Action'))
    fail(where, `expected an entity uid with type \`Action\`, not \`${uid.type}\``)
  return uid
}
