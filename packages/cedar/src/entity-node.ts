import type { Entity, Lineage } from './entity.ts'
import { CedarRecord, emptyRecord, Uid } from './value.ts'

export const noParents: Node[] = []
/** The attributes of an entity that does not exist. */
export const absent = new CedarRecord(emptyRecord.shape, [])

/** A name in the store: an entity, or one that is only spoken of as a parent (`defined` false). */
export class Node extends Uid implements Entity {
  attrs: CedarRecord = absent
  tags: CedarRecord = emptyRecord
  parents: Node[] = noParents
  children = 0
  kept: Kept | undefined

  get defined(): boolean {
    return this.attrs !== absent
  }
}

/** INVARIANT: what is kept holds only while `version` is the store's. */
type Kept = { version: number; up: Lineage | undefined; line: Lineage | undefined }

/** The children of every parent. */
export function childrenOf(types: ReadonlyMap<string, ReadonlyMap<string, Node>>): Map<Node, Set<Node>> {
  const down = new Map<Node, Set<Node>>()
  for (const ids of types.values())
    for (const node of ids.values()) for (const parent of node.parents) addChild(down, parent, node)
  return down
}

export function addChild(down: Map<Node, Set<Node>>, parent: Node, child: Node): void {
  const children = down.get(parent)
  if (children === undefined) down.set(parent, new Set([child]))
  else children.add(child)
}
