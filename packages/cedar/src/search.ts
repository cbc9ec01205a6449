import { begin } from './decide.ts'
import type { Entities } from './entities.ts'
import { type Entity, type EntityView, layered } from './entity.ts'
import { CedarError } from './errors.ts'
import { Frame } from './frame.ts'
import type { EntityUid, Request } from './request.ts'
import { actionMeets, principalMeets, type Rule, resourceMeets } from './rule.ts'
import type { RuleIndex } from './rule-index.ts'

/** Entities that can be listed, by type and downward: what a search goes through. `Entities` is one. */
export interface Listing {
  ofType(type: string): Iterable<Entity>
  /** Everything below an entity at any distance, itself not counted. */
  below(type: string, id: string): Iterable<EntityUid>
}

/** A search: the part looked for is given by its type; a page by where it begins and how many to take. */
export type SearchOptions = {
  readonly offset?: number
  readonly limit?: number
  /** Only entities whose id comes after this one (by UTF-16 units). */
  readonly after?: string
  /** Most entities to decide on; where that ends the search, `next` says where to go on. */
  readonly mostDecided?: number
  /** Entities for which this says false are left out before policies are asked. */
  readonly admits?: (uid: EntityUid) => boolean
}

export type Found = {
  readonly found: readonly EntityUid[]
  /** The `after` of the next page; undefined where nothing more is allowed. */
  readonly next: string | undefined
  /** How many entities were decided on, and whether policies narrowed that or every entity of the type was tried. */
  readonly decided: number
  readonly narrowed: boolean
}

type Part = 'principal' | 'resource'
type Decide = (request: Request) => boolean

/**
 * The principals (or resources) of a type for which a decision would say allow, in order of id. Entities that no
 * policy can permit are not even looked at when every permit in question names an entity: what it names, and what lies
 * below that, are then all there can be. Only entities of the listing are found, and those policies name.
 */
export function searchEntities(
  index: RuleIndex,
  part: Part,
  type: string,
  request: Omit<Request, 'principal' | 'resource'> & Partial<Request>,
  listing: Listing,
  view: EntityView,
  decide: Decide,
  options: SearchOptions,
): Found {
  const placed = { ...request, [part]: { type, id: '' } } as Request
  const frame = new Frame()
  begin(frame, placed, view)
  const candidates = candidatesOf(index, part, type, frame, listing)
  const { offset = 0, limit = Number.POSITIVE_INFINITY, mostDecided = Number.POSITIVE_INFINITY, admits } = options
  if (offset < 0 || limit < 0 || mostDecided < 1) throw new CedarError('json', 'offset and limit are not negative')
  const ids = smallest(candidates ?? idsOf(listing.ofType(type)), options.after, mostDecided + 1)
  const found: EntityUid[] = []
  let skipped = 0
  let decided = 0
  let next: string | undefined
  for (const [at, id] of ids.entries()) {
    if (decided >= mostDecided) {
      next = ids[at - 1]
      break
    }
    decided++
    const uid = { type, id }
    if (admits?.(uid) === false || !decide({ ...placed, [part]: uid } as Request)) continue
    if (skipped++ < offset) continue
    if (found.length >= limit) {
      next = found.at(-1)?.id ?? ids[at - 1]
      break
    }
    found.push(uid)
  }
  return { found, next, decided, narrowed: candidates !== undefined }
}

function* idsOf(entities: Iterable<Entity>): Generator<string> {
  for (const entity of entities) yield entity.id
}

/** The smallest distinct ids after one, in order; sorts no more than twice as many as are wanted at once. */
function smallest(ids: Iterable<string>, after: string | undefined, most: number): string[] {
  let kept: string[] = []
  let bar: string | undefined
  const settle = () => {
    kept = kept.sort().filter((id, at) => id !== kept[at - 1])
    kept.length = Math.min(kept.length, most)
    bar = kept.length === most ? kept.at(-1) : undefined
  }
  for (const id of ids) {
    if ((after !== undefined && id <= after) || (bar !== undefined && id > bar)) continue
    if (kept.push(id) >= 2 * most + 64) settle()
  }
  settle()
  return kept
}

/** The ids that permits can reach; undefined when some permit leaves the part open. */
function candidatesOf(
  index: RuleIndex,
  part: Part,
  type: string,
  frame: Frame,
  listing: Listing,
): string[] | undefined {
  const open = part === 'principal' ? 0 : 1
  const others = part === 'principal' ? [resourceMeets, actionMeets] : [principalMeets, actionMeets]
  const named = new Map<string, { uid: EntityUid; deep: boolean }>()
  let narrowed = true
  index.visitOpen(frame, open, (rule: Rule) => {
    if (!narrowed || !rule.compiled.permits || !others.every((meets) => meets(rule, frame))) return
    const constraint = rule.compiled[part]
    if ((constraint.op === 'is' || constraint.op === 'isIn') && constraint.type !== type) return
    const uid = rule[part]
    if (uid === undefined) {
      narrowed = false
      return
    }
    const key = `${uid.type}\n${uid.id}`
    named.set(key, { uid, deep: constraint.op !== '==' || named.get(key)?.deep === true })
  })
  if (!narrowed) return undefined
  const ids: string[] = []
  for (const { uid, deep } of named.values()) {
    if (uid.type === type) ids.push(uid.id)
    if (deep) for (const below of listing.below(uid.type, uid.id)) if (below.type === type) ids.push(below.id)
  }
  return ids
}

/** The actions, among those offered, for which a decision would say allow; in their order. */
export function searchActions(
  request: Omit<Request, 'action'>,
  actions: Iterable<EntityUid>,
  decide: Decide,
): EntityUid[] {
  const found: EntityUid[] = []
  for (const { type, id } of actions) if (decide({ ...request, action: { type, id } })) found.push({ type, id })
  return found
}

/** Several stores listed as one; the view that decisions on them take is `view`. */
export function listed(...stores: readonly Entities[]): Listing & { view: EntityView } {
  const view = layered(...stores)
  return {
    view,
    *ofType(type) {
      for (const store of stores)
        for (const entity of store.ofType(type)) if (view.find(type, entity.id) === entity) yield entity
    },
    *below(type, id) {
      // A layer may hang below what lies in another, so whatever is found is looked under in all of them.
      const seen = new Map<string, EntityUid>()
      const waiting: EntityUid[] = [{ type, id }]
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        for (const store of stores) {
          for (const uid of store.below(next.type, next.id)) {
            const key = `${uid.type}\n${uid.id}`
            if (seen.has(key)) continue
            seen.set(key, uid)
            waiting.push(uid)
          }
        }
      }
      yield* seen.values()
    },
  }
}
