import { equalBytes, nodeHash } from './hash.ts'
import { largestPowerBelow } from './tree.ts'

/**
 * Whether `proof` shows that the leaf with hash `leaf` is entry `index` of the tree of `size` leaves with `root`
 * (RFC 9162 §2.1.3.2).
 */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false
  if (proof.some((hash) => hash.length !== 32)) return false
  let rest = proof.length
  const climb = (low: number, high: number): Uint8Array | undefined => {
    if (high - low === 1) return rest === 0 ? leaf : undefined
    const sibling = proof[--rest]
    if (sibling === undefined) return undefined
    const middle = low + largestPowerBelow(high - low)
    const below = index < middle ? climb(low, middle) : climb(middle, high)
    if (below === undefined) return undefined
    return index < middle ? nodeHash(below, sibling) : nodeHash(sibling, below)
  }
  const computed = climb(0, size)
  return computed !== undefined && equalBytes(computed, root)
}

/**
 * Whether `proof` shows that the tree of `size` leaves with `root` begins with the tree of `oldSize` leaves with `oldRoot`
 * (RFC 9162 §2.1.4.2).
 */
export function verifyConsistency(
  oldSize: number,
  oldRoot: Uint8Array,
  size: number,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(oldSize) || !isCount(size) || oldSize > size) return false
  if (proof.some((hash) => hash.length !== 32)) return false
  if (oldSize === size) return proof.length === 0 && equalBytes(oldRoot, root)
  if (oldSize === 0) return proof.length === 0
  let rest = proof.length
  // Climbs from the old tree's right edge; answers the old and the new hash of the range at once.
  const climb = (low: number, high: number, wholeOld: boolean): [Uint8Array, Uint8Array] | undefined => {
    if (oldSize === high) {
      if (wholeOld) return rest === 0 ? [oldRoot, oldRoot] : undefined
      const own = proof[--rest]
      return own === undefined || rest !== 0 ? undefined : [own, own]
    }
    const sibling = proof[--rest]
    if (sibling === undefined) return undefined
    const middle = low + largestPowerBelow(high - low)
    if (oldSize <= middle) {
      const below = climb(low, middle, wholeOld)
      return below && [below[0], nodeHash(below[1], sibling)]
    }
    const below = climb(middle, high, false)
    return below && [nodeHash(sibling, below[0]), nodeHash(sibling, below[1])]
  }
  const computed = climb(0, size, true)
  return computed !== undefined && equalBytes(computed[0], oldRoot) && equalBytes(computed[1], root)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
