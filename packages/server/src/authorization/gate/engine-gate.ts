import { type Act, type Clock, Fault, isFault } from '#kernel'
import type { Decision } from '../engine/decision.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Recorder } from '../journal/recorder.ts'
import { type Gate, isWithinCredential } from './gate.ts'
import { refusePowerOverHigher } from './powers.ts'
import { principalOf } from './principal.ts'
import type { Privileged } from './privileged.ts'
import '../faults.ts'

export interface GateDeps {
  readonly snapshot: Snapshot
  readonly clock: Clock
  readonly recorder: Recorder
  readonly privileged: Privileged
}

const outsideCredential = (decision: Decision): Decision => ({
  ...decision,
  allow: false,
  outcome: 'deny_policy',
  reasons: ['gatehouse:credential-scope'],
})

/** The gate on the snapshot. Every decision goes on record; replies to privileged ones wait for the medium. */
export function createGate({ snapshot, clock, recorder, privileged }: GateDeps): Gate {
  const decide = (act: Act, name: string, resource: EntityUid, principal: EntityUid): Decision => {
    if (!snapshot.builtin.actions.has(name)) throw new TypeError(`the built-in bundle has no action ${name}`)
    const startedAt = performance.now()
    const action = { type: 'Gatehouse::Action', id: name }
    const decided = snapshot.decideOwn({ principal, action, resource }, clock.nowMs())
    const decision = isWithinCredential(act, name) ? decided : outsideCredential(decided)
    recorder.keep({ via: 'gate', requestId: act.requestId, principal, action, resource, decision, startedAt })
    if (decision.allow && act.actor.type !== 'system') privileged.note(act.requestId, name)
    return decision
  }
  return {
    require: (act, action, resource) => {
      const principal = principalOf(act)
      if (principal === undefined) throw new Fault('web.unauthenticated')
      const decision = decide(act, action, resource, principal)
      if (decision.allow) {
        refusePowerOverHigher({ snapshot, clock }, act, action, resource)
        if (act.actor.type !== 'system') privileged.count(action)
        return
      }
      throw new Fault('authorization.denied', { extra: { action, reason: decision.outcome } })
    },
    may: (act, action, resource) => {
      const principal = principalOf(act)
      if (principal === undefined || !decide(act, action, resource, principal).allow) return false
      try {
        refusePowerOverHigher({ snapshot, clock }, act, action, resource)
        return true
      } catch (error) {
        if (isFault(error)) return false
        throw error
      }
    },
  }
}
