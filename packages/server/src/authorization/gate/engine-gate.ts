import { type Act, type Clock, Fault } from '#kernel'
import type { Decision } from '../engine/decision.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Recorder } from '../journal/recorder.ts'
import type { Gate } from './gate.ts'
import type { Privileged } from './privileged.ts'
import '../faults.ts'

export interface GateDeps {
  readonly snapshot: Snapshot
  readonly clock: Clock
  readonly recorder: Recorder
  readonly privileged: Privileged
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

/** The gate on the snapshot. Every decision goes on record; replies to privileged ones wait for the medium. */
export function createGate({ snapshot, clock, recorder, privileged }: GateDeps): Gate {
  const decide = (act: Act, name: string, resource: EntityUid, principal: EntityUid): Decision => {
    if (!snapshot.builtin.actions.has(name)) throw new TypeError(`the built-in bundle has no action ${name}`)
    const startedAt = performance.now()
    const action = { type: 'Gatehouse::Action', id: name }
    const decision = snapshot.decideOwn({ principal, action, resource }, clock.nowMs())
    recorder.keep({ via: 'gate', requestId: act.requestId, principal, action, resource, decision, startedAt })
    if (decision.allow && act.actor.type !== 'system') privileged.note(act.requestId, name)
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
