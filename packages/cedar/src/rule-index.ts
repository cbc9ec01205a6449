import type { Frame } from './frame.ts'
import type { EntityUid } from './request.ts'
import type { Rule } from './rule.ts'
import type { Uid } from './value.ts'

/** Rules that share what the index asked so far: one, a few, or so many that the next part of the scope splits them. */
type Bucket = Rule | Rule[] | Split

const few = 8
const [principal, resource, action] = [0, 1, 2]
/** The orders in which a scope is asked: what names one exact entity first, since it needs no walk of ancestors. */
const principalFirst = [principal, resource, action] as const
const resourceFirst = [resource, principal, action] as const
type Order = readonly number[]

/** One part of the scope as a table: by the entity named, by the type named, and those that name neither. */
class Split {
  readonly order: Order
  readonly level: number
  readonly part: number
  readonly byUid = new Map<string, Map<string, Bucket>>()
  readonly byType = new Map<string, Bucket>()
  rest: Bucket | undefined
  constructor(order: Order, level: number) {
    this.order = order
    this.level = level
    this.part = order[level] as number
  }
}

/**
 * The rules by their scope. A request visits only rules whose scope may hold, however many there are:
 * INVARIANT: every rule in scope is visited (`visit` may also meet others; `inScope` decides).
 */
export class RuleIndex {
  #byPrincipal: Bucket | undefined
  #byResource: Bucket | undefined

  /** The same rules in the other order, made when a search first needs it and kept in step from then on. */
  #alsoByPrincipal: { root: Bucket | undefined } | undefined
  #alsoByResource: { root: Bucket | undefined } | undefined

  add(rule: Rule): void {
    if (startsAtResource(rule)) {
      this.#byResource = added(this.#byResource, rule, resourceFirst, 0)
      const other = this.#alsoByPrincipal
      if (other !== undefined) other.root = added(other.root, rule, principalFirst, 0)
    } else {
      this.#byPrincipal = added(this.#byPrincipal, rule, principalFirst, 0)
      const other = this.#alsoByResource
      if (other !== undefined) other.root = added(other.root, rule, resourceFirst, 0)
    }
  }

  remove(rule: Rule): void {
    const atResource = startsAtResource(rule)
    if (atResource) this.#byResource = removed(this.#byResource, rule)
    else this.#byPrincipal = removed(this.#byPrincipal, rule)
    const other = atResource ? this.#alsoByPrincipal : this.#alsoByResource
    if (other !== undefined) other.root = removed(other.root, rule)
  }

  /** Every rule whose scope may hold with principal (0) or resource (1) left open, found from the other part. */
  visitOpen(frame: Frame, part: 0 | 1, meet: (rule: Rule) => void): void {
    this.#alsoByPrincipal ??= part === resource ? reordered(this.#byResource, principalFirst) : undefined
    this.#alsoByResource ??= part === principal ? reordered(this.#byPrincipal, resourceFirst) : undefined
    const going = (rule: Rule) => {
      meet(rule)
      return true
    }
    const roots =
      part === resource
        ? [this.#byPrincipal, this.#alsoByPrincipal?.root]
        : [this.#byResource, this.#alsoByResource?.root]
    for (const root of roots) if (root !== undefined) visitNear(root, frame, part, going)
  }

  visit(frame: Frame, meet: (rule: Rule, frame: Frame) => void): void {
    if (this.#byPrincipal !== undefined) visit(this.#byPrincipal, frame, meet)
    if (this.#byResource !== undefined) visit(this.#byResource, frame, meet)
  }

  /** As `visit`, but one part (0 principal, 1 resource, 2 action) is not asked; ends when `meet` returns false. */
  visitNear(frame: Frame, part: number, meet: (rule: Rule) => boolean): void {
    if (this.#byPrincipal !== undefined && !visitNear(this.#byPrincipal, frame, part, meet)) return
    if (this.#byResource !== undefined) visitNear(this.#byResource, frame, part, meet)
  }
}

const startsAtResource = (rule: Rule) => rule.compiled.resource.op === '==' && rule.compiled.principal.op !== '=='

/** The buckets of a table that a request's own part can match. */
function matching(split: Split, frame: Frame): Bucket[] {
  const found: Bucket[] = []
  const uid = split.part === principal ? frame.principal : split.part === resource ? frame.resource : frame.action
  for (const near of [uid, ...frame.lineage(uid).list]) {
    const bucket = split.byUid.get(near.type)?.get(near.id)
    if (bucket !== undefined) found.push(bucket)
  }
  const typed = split.byType.get(uid.type)
  if (typed !== undefined) found.push(typed)
  if (split.rest !== undefined) found.push(split.rest)
  return found
}

function reordered(from: Bucket | undefined, order: Order): { root: Bucket | undefined } {
  const other: { root: Bucket | undefined } = { root: undefined }
  const seen = new Set<Rule>()
  const take = (bucket: Bucket): void => {
    if (bucket instanceof Split) for (const inner of everyBucket(bucket)) take(inner)
    else
      for (const rule of Array.isArray(bucket) ? bucket : [bucket]) {
        if (!seen.has(rule)) other.root = added(other.root, rule, order, 0)
        seen.add(rule)
      }
  }
  if (from !== undefined) take(from)
  return other
}

function* everyBucket(split: Split): Generator<Bucket> {
  if (split.rest !== undefined) yield split.rest
  yield* split.byType.values()
  for (const ids of split.byUid.values()) yield* ids.values()
}

/** Every rule under a bucket, one part of the scope not asked. False to stop. */
function visitNear(bucket: Bucket, frame: Frame, part: number, meet: (rule: Rule) => boolean): boolean {
  if (Array.isArray(bucket)) return bucket.every(meet)
  if (!(bucket instanceof Split)) return meet(bucket)
  const inner = bucket.part === part ? everyBucket(bucket) : matching(bucket, frame)
  for (const next of inner) if (!visitNear(next, frame, part, meet)) return false
  return true
}

/** The entity a part of a rule's scope names, if any. */
function entityOf(rule: Rule, part: number): EntityUid | undefined {
  return part === principal ? rule.principal : rule.resource
}

function typeOf(rule: Rule, part: number): string | undefined {
  const constraint = part === principal ? rule.compiled.principal : rule.compiled.resource
  return constraint.op === 'is' ? constraint.type : undefined
}

/** Every table entry of a part under which a rule stands, changed by `change`. */
function place(split: Split, rule: Rule, change: (bucket: Bucket | undefined) => Bucket | undefined): void {
  if (split.part !== action) {
    const uid = entityOf(rule, split.part)
    const type = typeOf(rule, split.part)
    if (uid !== undefined) changeUid(split, uid, change)
    else if (type !== undefined) changeKey(split.byType, type, change)
    else split.rest = change(split.rest)
    return
  }
  const named = rule.compiled.action
  if (named.op === 'all') split.rest = change(split.rest)
  else if (named.op === '==') changeUid(split, named.entity, change)
  else {
    const seen = new Set<string>()
    for (const uid of named.entities) {
      const key = `${uid.type}\n${uid.id}`
      if (!seen.has(key)) changeUid(split, uid, change)
      seen.add(key)
    }
  }
}

function changeKey<K>(map: Map<K, Bucket>, key: K, change: (bucket: Bucket | undefined) => Bucket | undefined): void {
  const before = map.get(key)
  const after = change(before)
  if (after === before) return
  if (after === undefined) map.delete(key)
  else map.set(key, after)
}

function changeUid(split: Split, uid: EntityUid, change: (bucket: Bucket | undefined) => Bucket | undefined): void {
  let ids = split.byUid.get(uid.type)
  if (ids === undefined) {
    ids = new Map()
    split.byUid.set(uid.type, ids)
  }
  changeKey(ids, uid.id, change)
  if (ids.size === 0) split.byUid.delete(uid.type)
}

function added(bucket: Bucket | undefined, rule: Rule, order: Order, level: number): Bucket {
  if (bucket === undefined) return rule
  if (bucket instanceof Split) {
    place(bucket, rule, (inner) => added(inner, rule, order, level + 1))
    return bucket
  }
  if (!Array.isArray(bucket)) return [bucket, rule]
  // A pushed-to array keeps room for sixteen more: with a small one for each of a million entities that is most of it.
  if (bucket.length < few) return bucket.concat(rule)
  bucket.push(rule)
  if (level >= order.length) return bucket
  const split = new Split(order, level)
  for (const item of bucket) place(split, item, (inner) => added(inner, item, order, level + 1))
  return split
}

function removed(bucket: Bucket | undefined, rule: Rule): Bucket | undefined {
  if (bucket === rule || bucket === undefined) return undefined
  if (bucket instanceof Split) {
    place(bucket, rule, (inner) => removed(inner, rule))
    const empty = bucket.byUid.size === 0 && bucket.byType.size === 0 && bucket.rest === undefined
    return empty ? undefined : bucket
  }
  if (!Array.isArray(bucket)) return bucket
  const at = bucket.indexOf(rule)
  if (at !== -1) {
    const last = bucket.pop() as Rule
    if (last !== rule) bucket[at] = last
  }
  return bucket.length === 0 ? undefined : bucket.length === 1 ? bucket[0] : bucket
}

function visit(bucket: Bucket, frame: Frame, meet: (rule: Rule, frame: Frame) => void): void {
  if (bucket instanceof Split) visitSplit(bucket, frame, meet)
  else if (Array.isArray(bucket)) for (let at = 0; at < bucket.length; at++) meet(bucket[at] as Rule, frame)
  else meet(bucket, frame)
}

function visitSplit(split: Split, frame: Frame, meet: (rule: Rule, frame: Frame) => void): void {
  const uid = split.part === principal ? frame.principal : split.part === resource ? frame.resource : frame.action
  const byUid = split.byUid
  if (byUid.size > 0) {
    const own = byUid.get(uid.type)?.get(uid.id)
    if (own !== undefined) visit(own, frame, meet)
    const list = frame.lineage(uid).list
    frame.spend(list.length)
    let type = ''
    let ids: Map<string, Bucket> | undefined
    for (let at = 0; at < list.length; at++) {
      const ancestor = list[at] as Uid
      if (ancestor.type !== type) {
        type = ancestor.type
        ids = byUid.get(type)
      }
      const found = ids?.get(ancestor.id)
      if (found !== undefined) visit(found, frame, meet)
    }
  }
  if (split.byType.size > 0) {
    const found = split.byType.get(uid.type)
    if (found !== undefined) visit(found, frame, meet)
  }
  if (split.rest !== undefined) visit(split.rest, frame, meet)
}
