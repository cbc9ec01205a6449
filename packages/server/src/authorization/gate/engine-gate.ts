import { type Act, type Clock, Fault } from '#kernel'
import type { Decision } from '../engine/decision.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Gate } from './gate.ts'
import '../faults.ts'

export interface GateDeps {
  readonly snapshot: Snapshot
  readonly clock: Clock
  /** Puts a decision on record. @throws when it cannot: the decision is then refused */
  readonly keep: (act: Act, action: string, principal: EntityUid, resource: EntityUid, decision: Decision) => void
}

/** The principal that an actor is to the built-in bundle; undefined for the anonymous one. */
export function principalOf({ actor }: Act): EntityUid | undefined {
  switch (actor.type) {
    case 'user':
      return { type: 'User', id: actor.id }
    case 'machine':
      return { type: 'Machine', id: actor.id }
    case 'application':
      return { type: 'Application', id: actor.id }
    case 'bootstrap':
      return { type: 'Gatehouse::Bootstrap', id: 'local' }
    case 'system':
      return { type: 'Gatehouse::System', id: 'gatehouse' }
    case 'anonymous':
      return undefined
  }
}

/** The gate on the snapshot. Every decision goes on record. */
export function createGate({ snapshot, clock, keep }: GateDeps): Gate {
  const decide = (act: Act, action: string, resource: EntityUid, principal: EntityUid): Decision => {
    if (!snapshot.builtin.actions.has(action)) throw new TypeError(`the built-in bundle has no action ${action}`)
    const decision = snapshot.decideOwn(
      { principal, action: { type: 'Gatehouse::Action', id: action }, resource },
      clock.nowMs(),
    )
    keep(act, action, principal, resource, decision)
    return decision
  }
  return {
    require: (act, action, resource) => {
      const principal = principalOf(act)
      if (principal === undefined) throw new Fault('web.unauthenticated')
      const decision = decide(act, action, resource, principal)
      if (decision.allow) return
      throw new Fault('authorization.denied', { extra: { action, reason: decision.outcome } })
    },
    may: (act, action, resource) => {
      const principal = principalOf(act)
      return principal !== undefined && decide(act, action, resource, principal).allow
    },
  }
}
