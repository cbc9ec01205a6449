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

/** A search: the part looked for is given by its type; a page by how many to skip and to take. */
export type SearchOptions = { readonly offset?: number; readonly limit?: number }

export type Found = {
  readonly found: readonly EntityUid[]
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
  const all = candidates ?? [...listing.ofType(type)].map((entity) => entity.id)
  const ids = [...new Set(all)].sort()
  const from = options.offset ?? 0
  const most = options.limit ?? Number.POSITIVE_INFINITY
  if (from < 0 || most < 0) throw new CedarError('json', 'offset and limit are not negative')
  const found: EntityUid[] = []
  let skipped = 0
  let decided = 0
  for (const id of ids) {
    if (found.length >= most) break
    decided++
    if (!decide({ ...placed, [part]: { type, id } } as Request)) continue
    if (skipped++ >= from) found.push({ type, id })
  }
  return { found, decided, narrowed: candidates !== undefined }
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
