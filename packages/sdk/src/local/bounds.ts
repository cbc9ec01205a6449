/**
 * What a kind of decision bears: `ask`: always the centre. Otherwise it may be decided here while the replica is at most `mostStaleMs`
 * old; beyond that the centre is asked (`ask`), or nothing is decided (`deny`).
 */
export type Bound = 'ask' | { readonly mostStaleMs: number; readonly beyond: 'ask' | 'deny' }

export interface Bounds {
  /** Default: 5 seconds, then the centre. */
  readonly default?: Bound
  /** By the name of the action. */
  readonly actions?: Readonly<Record<string, Bound>>
}

const preset: Bound = { mostStaleMs: 5_000, beyond: 'ask' }

export type Way = 'local' | 'ask' | 'deny'

/** Where a decision is to be made, for a replica that is so old. */
export function wayOf(bounds: Bounds, action: string, stalenessMs: number): Way {
  const own = bounds.actions !== undefined && Object.hasOwn(bounds.actions, action) ? bounds.actions[action] : undefined
  const bound = own ?? bounds.default ?? preset
  if (bound === 'ask') return 'ask'
  return Number.isFinite(stalenessMs) && stalenessMs <= bound.mostStaleMs ? 'local' : bound.beyond
}
