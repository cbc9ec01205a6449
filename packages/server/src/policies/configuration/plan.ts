import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { applicationOf, type Item, type ItemKind, itemKinds, keyOf, type WantedItem } from './item.ts'
import type { Known, KnownItem } from './known.ts'
import type { Wanted } from './read-configuration.ts'

export interface FieldChange {
  readonly field: string
  readonly before?: unknown
  readonly after?: unknown
}

/** One difference between the files and the server. */
export interface Change extends Pick<Item, 'kind' | 'organization' | 'name'> {
  readonly action: 'create' | 'update' | 'delete'
  readonly fields: readonly FieldChange[]
}

/** A change with the two sides it comes from. */
export interface PlannedChange extends Change {
  readonly wanted: WantedItem | undefined
  readonly known: KnownItem | undefined
}

export interface Plan {
  readonly changes: readonly PlannedChange[]
  /** SHA-256 of the changes: the same as long as neither files nor server change in what matters. */
  readonly fingerprint: string
}

/** Compares what is wanted with what is known. With `prune`, what the files do not have is deleted. */
export function makePlan(wanted: Wanted, known: Known, prune: boolean): Plan {
  const changes: PlannedChange[] = []
  const seen = new Set<string>()
  for (const item of wanted.items) {
    const key = keyOf(item)
    seen.add(key)
    const change = compare(item, known.items.get(key))
    if (change !== undefined) changes.push(change)
  }
  if (prune)
    for (const [key, item] of known.items)
      if (!seen.has(key) && mayPrune(item, wanted)) {
        const fields = Object.entries(item.fields).map(([field, before]) => ({ field, before }))
        changes.push({ ...about(item), action: 'delete', fields, wanted: undefined, known: item })
      }
  changes.sort(byOrder)
  const shown = changes.map(showChange)
  return {
    changes,
    fingerprint: createHash('sha256')
      .update(JSON.stringify([prune, shown]))
      .digest('hex'),
  }
}

/** What is told of a change. */
export function showChange({ kind, organization, name, action, fields }: Change): Change {
  const shown = fields.map(({ field, before, after }) => ({
    field,
    ...(before !== undefined && { before: sorted(before) }),
    ...(after !== undefined && { after: sorted(after) }),
  }))
  return { kind, organization, name, action, fields: shown }
}

const about = ({ kind, organization, name }: Item) => ({ kind, organization, name })

function compare(wanted: WantedItem, known: KnownItem | undefined): PlannedChange | undefined {
  const fields: FieldChange[] = []
  for (const [field, after] of Object.entries(wanted.fields)) {
    const before =
      wanted.kind === 'machine' && field === 'keys' ? asFarAsSaid(known?.fields[field], after) : known?.fields[field]
    if (known === undefined) fields.push({ field, after })
    else if (!same(before, after)) fields.push({ field, ...(before !== undefined && { before }), after })
  }
  if (known !== undefined && fields.length === 0) return undefined
  return { ...about(wanted), action: known === undefined ? 'create' : 'update', fields, wanted, known }
}

/** A key whose end the files leave to the server has the one that it got there. */
function asFarAsSaid(known: unknown, wanted: unknown): unknown {
  if (!Array.isArray(known) || !Array.isArray(wanted)) return known
  const open = new Set(wanted.filter((key) => key.expires === undefined).map((key) => key.jwk?.kid))
  return known.map(({ expires, ...key }) =>
    expires === undefined || open.has(key.jwk?.kid) ? key : { ...key, expires },
  )
}

/** Integers that came as `bigint` from one side and `number` from the other are the same. */
function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b) || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : `${value}n`
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([key, inner]) => [key, sorted(inner)]))
}

// INVARIANT: an organization, a bundle and a grant on the whole deployment are never pruned: leaving one out of the files by
// mistake must not cost a tenant, open a door or lock the last owner out.
function mayPrune(item: KnownItem, wanted: Wanted): boolean {
  switch (item.kind) {
    case 'organization':
    case 'policies':
      return false
    case 'resource':
      return wanted.resourcesOf.has(`${item.organization}/${applicationOf(item.name)}`)
    case 'grant':
      return !/ deployment( #\d+)?$/.test(item.name)
    default:
      return true
  }
}

const rank = (kind: ItemKind) => itemKinds.indexOf(kind)

/** Creates and updates in the order of kinds, then deletes in the reverse order. */
function byOrder(a: Change, b: Change): number {
  const late = (change: Change) => (change.action === 'delete' ? 1 : 0)
  if (late(a) !== late(b)) return late(a) - late(b)
  const kinds = rank(a.kind) - rank(b.kind)
  if (kinds !== 0) return late(a) === 1 ? -kinds : kinds
  const [x, y] = [keyOf(a), keyOf(b)]
  return x < y ? -1 : x > y ? 1 : 0
}
