import { record } from '#feed'
import type { Act, Clock, Meter } from '#kernel'
import type { Storage } from '#storage'
import { findLedgerState } from '../ledger/ledger.store.ts'
import '../events.ts'

/** What is less is steering (NTP) or rounding. */
const toleratedMs = 1_000
const system: Act = { actor: { type: 'system', name: 'audit' }, requestId: 'clock' }

export interface ClockWatch {
  /** Looks now. @returns milliseconds that the clock went back since the last look; 0 for none */
  look(): Promise<number>
  close(): void
}

/**
 * Finds a clock that went back: against the newest checkpoint at start, and against itself once a second while running. Each
 * time is an event, a metric and a line in the log; positions say the true order whatever the times say.
 */
export async function watchClock(deps: {
  storage: Storage
  clock: Clock
  meter: Meter
  onError: (where: string, error: unknown) => void
}): Promise<ClockWatch> {
  const { storage, clock, meter, onError } = deps
  const jumps = meter.counter('audit_clock_jumps_total', 'Times the clock went back by more than a second')
  const furthest = meter.gauge('audit_clock_jump_seconds', 'How far the clock went back the last time')
  const tell = async (byMs: number, since: string) => {
    jumps.inc()
    furthest.set(byMs / 1_000)
    const says = `the clock went back by ${(byMs / 1_000).toFixed(1)} s since ${since}: times in the log are not in order`
    onError('clock', new Error(says))
    await storage.transact((tx) =>
      record(tx, system, {
        type: 'audit.clock_went_back',
        atMs: clock.nowMs(),
        organizationId: undefined,
        object: { type: 'AuditLog', id: 'gatehouse' },
        data: { byMs, since },
      }),
    )
  }
  const state = await findLedgerState(storage.db)
  const ahead = (state?.updatedAtMs ?? 0) - clock.nowMs()
  if (ahead > toleratedMs) await tell(ahead, 'the newest checkpoint')
  let seenMs = clock.nowMs()
  const look = async () => {
    const nowMs = clock.nowMs()
    const byMs = seenMs - nowMs
    seenMs = nowMs
    if (byMs <= toleratedMs) return 0
    await tell(byMs, 'the last look')
    return byMs
  }
  const timer = setInterval(() => {
    look().catch((error) => onError('clock', error))
  }, 1_000)
  timer.unref()
  return { look, close: () => clearInterval(timer) }
}
