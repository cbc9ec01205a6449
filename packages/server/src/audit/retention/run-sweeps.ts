import { record } from '#feed'
import type { Act, Entropy, Meter } from '#kernel'
import { beginSink, holdSink, releaseSink } from '../sinks/sink.store.ts'
import { countArchives } from './archive.store.ts'
import { isInForce } from './hold.ts'
import { listHolds, sweepAgain } from './retention.store.ts'
import { lease } from './rules.ts'
import { type SweepDeps, type Swept, sweep } from './sweep.ts'

const hourMs = 3_600_000
const leaseMs = 10 * 60_000
const system: Act = { actor: { type: 'system', name: 'audit' }, requestId: 'retention' }

export interface Sweeps {
  /** Sweeps now. @returns undefined while another node does */
  run(act: Act): Promise<Swept | undefined>
  close(): Promise<void>
}

/** Sweeps every hour, on one node at a time. A sweep that did something is an event. */
export async function runSweeps(
  deps: SweepDeps & { entropy: Entropy; meter: Meter; onError: (where: string, error: unknown) => void },
): Promise<Sweeps> {
  const { storage, clock, meter } = deps
  const node = Buffer.from(deps.entropy.bytes(9)).toString('base64url')
  const removed = meter.counter('audit_retention_removed_total', 'Entries whose bodies were past their retention')
  meter.gauge('audit_archived_entries', 'Entries whose bodies lie in archives', [], async function () {
    this.set((await countArchives(storage.db)).bodies)
  })
  meter.gauge('audit_holds', 'Legal holds in force', [], async function () {
    const nowMs = clock.nowMs()
    this.set((await listHolds(storage.db)).filter((hold) => isInForce(hold, nowMs)).length)
  })
  await storage.transact((tx) => beginSink(tx, lease, 0, clock.nowMs()))
  /** Holds that ended by themselves before then have been seen; a start sees all, for they end while nobody runs too. */
  let lookedMs = 0
  const run = async (act: Act): Promise<Swept | undefined> => {
    const nowMs = clock.nowMs()
    if (!(await storage.transact((tx) => holdSink(tx, lease, node, nowMs, nowMs + leaseMs)))) return undefined
    try {
      const nowEnded = (await listHolds(storage.db)).some(
        ({ endsAtMs, releasedAtMs }) =>
          releasedAtMs === undefined && endsAtMs !== undefined && endsAtMs <= nowMs && endsAtMs > lookedMs,
      )
      if (nowEnded) await storage.transact((tx) => sweepAgain(tx))
      const swept = await sweep(deps, act.requestId)
      lookedMs = nowMs - 2 * hourMs
      removed.inc(swept.removed)
      if (swept.removed + swept.archived > 0)
        await storage.transact((tx) =>
          record(tx, act, {
            type: 'audit.retention_swept',
            atMs: clock.nowMs(),
            organizationId: undefined,
            object: { type: 'AuditLog', id: 'gatehouse' },
            data: { ...swept },
          }),
        )
      return swept
    } finally {
      await storage.transact((tx) => releaseSink(tx, lease, node))
    }
  }
  let running: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    running = running.then(() => run(system)).catch((error) => deps.onError('audit retention', error))
  }, hourMs)
  timer.unref()
  return {
    run: (act) => {
      const mine = running.catch(() => undefined).then(() => run(act))
      running = mine.catch(() => undefined)
      return mine
    },
    close: async () => {
      clearInterval(timer)
      await running
    },
  }
}
