import { record } from '#feed'
import type { Act, Clock } from '#kernel'
import type { Tx } from '#storage'
import { findSessionById } from '../sessions/session.store.ts'
import type { SessionId } from '../sessions/session.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { takeFederatedSessions, type WhichSessions } from './federated-session.store.ts'
import '../events.ts'

/** Ends sessions that came by a provider: it said so, or it no longer counts. */
export class ProviderSessions {
  readonly #deps: { readonly clock: Clock; readonly sessions: Sessions }
  constructor(deps: { readonly clock: Clock; readonly sessions: Sessions }) {
    this.#deps = deps
  }

  /** @param except a session that stays. @returns how many ended; who has them in memory hears of it by the feed */
  async end(tx: Tx, act: Act, which: WhichSessions, reason: string, except?: SessionId): Promise<number> {
    const { clock, sessions } = this.#deps
    const nowMs = clock.nowMs()
    let count = 0
    for (;;) {
      const taken = await takeFederatedSessions(tx, which)
      if (taken.length === 0) break
      for (const { sessionId } of taken) {
        if (sessionId === except) continue
        const session = await findSessionById(tx, sessionId, nowMs)
        if (session !== undefined && (await sessions.end(tx, act, session, reason))) count++
      }
    }
    if (count > 0)
      await record(tx, act, {
        type: 'authentication.provider_sessions_ended',
        atMs: nowMs,
        organizationId: which.organizationId,
        object: { type: 'Gatehouse::Provider', id: which.providerId },
        data: { provider: which.providerId, reason, count },
        touches: [],
      })
    return count
  }
}
