import { record } from '#feed'
import type { Act } from '#kernel'
import type { Tx } from '#storage'
import '../events.ts'

/** The type of the events that say which entries lost their bodies. */
export const erasedType = 'audit.entries_erased'
/** What those events are about; they are found by its id. */
export const erasedObject = { type: 'AuditLog', id: 'erased-entries' } as const

/**
 * Says in the log itself which entries lose their bodies, in the transaction that takes them: whoever finds one without its body finds
 * the signed entry that says so, or knows that somebody took it. The system says it, for it must outlive whoever gave the order; they
 * are in the event that tells of the order.
 */
export async function sayErased(
  tx: Tx,
  because: 'person' | 'retention',
  positions: readonly number[],
  said: { atMs: number; requestId: string },
): Promise<void> {
  if (positions.length === 0) return
  const act: Act = { actor: { type: 'system', name: 'audit' }, requestId: said.requestId }
  await record(tx, act, {
    type: erasedType,
    atMs: said.atMs,
    organizationId: undefined,
    object: erasedObject,
    data: { because, entries: formatRanges(positions) },
  })
}

/** Positions as text: `3,5-9`. */
export function formatRanges(positions: readonly number[]): string {
  const parts: string[] = []
  const sorted = [...new Set(positions)].sort((a, b) => a - b)
  for (let at = 0; at < sorted.length; ) {
    const first = sorted[at] as number
    let last = first
    while (sorted[++at] === last + 1) last++
    parts.push(first === last ? String(first) : `${first}-${last}`)
  }
  return parts.join(',')
}
