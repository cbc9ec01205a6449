import type { EntityUid } from './source.ts'

/**
 * The entities of one cycle of parents that goes through any of `from`; undefined when there is none. Visits what is above
 * them, each entity once.
 */
export function findCycle(
  from: Iterable<EntityUid>,
  parentsOf: (uid: EntityUid) => readonly EntityUid[],
): EntityUid[] | undefined {
  const keyOf = (uid: EntityUid) => `${uid.type}\n${uid.id}`
  const done = new Set<string>()
  for (const start of from) {
    const path: { uid: EntityUid; key: string; parents: readonly EntityUid[]; next: number }[] = []
    const open = new Map<string, number>()
    const enter = (uid: EntityUid, key: string) => {
      open.set(key, path.length)
      path.push({ uid, key, parents: parentsOf(uid), next: 0 })
    }
    if (!done.has(keyOf(start))) enter(start, keyOf(start))
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const parent = top.parents[top.next++]
      if (parent === undefined) {
        path.pop()
        open.delete(top.key)
        done.add(top.key)
        continue
      }
      const key = keyOf(parent)
      const at = open.get(key)
      if (at !== undefined) return path.slice(at).map(({ uid }) => uid)
      if (!done.has(key)) enter(parent, key)
    }
  }
  return undefined
}
