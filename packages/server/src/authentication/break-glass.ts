import type { Counter } from 'prom-client'
import { record } from '#feed'
import type { Act, Meter } from '#kernel'
import type { Tx } from '#storage'
import type { Person } from './deps.ts'
import './events.ts'

const name = 'break_glass_uses_total'
const kinds = ['local-credential', 'account'] as const

/** An account whose attribute of this name is `true` is kept for emergencies: its use is told at once. */
export const breakGlassAttribute = 'break_glass'

/**
 * Uses of what is kept for emergencies: the local credential, and accounts. The counter is one, whoever asks first; it is told from the
 * start, so that its first use is seen to be one.
 */
export function breakGlassUses(meter: Meter): Counter<'kind'> {
  const known = meter.registry.getSingleMetric(name) as Counter<'kind'> | undefined
  if (known !== undefined) return known
  const made = meter.counter(name, 'Uses of what is kept for emergencies, by kind', ['kind'])
  for (const kind of kinds) made.inc({ kind }, 0)
  return made
}

/** In the transaction of the sign-in. */
export async function recordBreakGlass(tx: Tx, own: Act, person: Person, atMs: number): Promise<void> {
  await record(tx, own, {
    type: 'authentication.break_glass_used',
    atMs,
    organizationId: person.organizationId,
    object: { type: 'User', id: person.id, name: person.username },
    data: {},
    touches: [],
  })
}
