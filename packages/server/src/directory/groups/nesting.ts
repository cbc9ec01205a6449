import { Fault, type GroupId } from '#kernel'
import type { Reader } from '#storage'
import '../faults.ts'
import { groupDepthMost } from './group.ts'
import { nextGroups } from './member.store.ts'

/**
 * Holds the graph of groups to what it may be when `child` becomes a member of `parent`: without cycles and at most 16 deep.
 * INVARIANT: the caller holds the organization's group graph (`lockGroupGraph`), so that no other edge appears meanwhile.
 * @throws {Fault} `directory.group_cycle`, `directory.group_too_deep`
 */
export async function refuseBadNesting(db: Reader, parent: GroupId, child: GroupId): Promise<void> {
  if (parent === child) throw new Fault('directory.group_cycle')
  const above = await levels(db, parent, 'up', child)
  const below = await levels(db, child, 'down', parent)
  if (above + below > groupDepthMost) throw new Fault('directory.group_too_deep')
}

/** How many groups stand on the longest way from one upward or downward, itself included. */
async function levels(db: Reader, from: GroupId, way: 'down' | 'up', never: GroupId): Promise<number> {
  let level: string[] = [from]
  for (let count = 0; ; count++) {
    if (level.includes(never)) throw new Fault('directory.group_cycle')
    if (level.length === 0) return count
    // A graph that is right has no longer way: this ends whatever the table holds.
    if (count > groupDepthMost) throw new Fault('directory.group_too_deep')
    level = await nextGroups(db, level, way)
  }
}
