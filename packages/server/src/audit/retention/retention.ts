import { record } from '#feed'
import { type Act, type Clock, type Entropy, Fault, newId, type OrganizationId } from '#kernel'
import type { Storage } from '#storage'
import '../events.ts'
import '../faults.ts'
import {
  deleteRetention,
  everything,
  findMinimumDays,
  type Hold,
  insertHold,
  listHolds,
  releaseHold,
  saveMinimumDays,
  saveRetention,
  sweepAgain,
} from './retention.store.ts'
import { changeRules } from './rules.ts'

export interface RetentionDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
}

const log = { type: 'AuditLog', id: 'gatehouse' } as const
const daysMost = 36_500

/**
 * Sets how long entries of an organization, or of all that have no setting of their own, keep their bodies; without `keepDays`
 * and `archiveDays` the setting goes. Authorization is settled by the caller.
 * @throws {Fault} `audit.retention_invalid`, `audit.retention_below_minimum`
 */
export async function setRetention(
  { storage, clock }: RetentionDeps,
  act: Act,
  organizationId: OrganizationId | undefined,
  row: { readonly keepDays?: number | undefined; readonly archiveDays?: number | undefined },
) {
  const { keepDays, archiveDays } = row
  for (const days of [keepDays, archiveDays])
    if (days !== undefined && (days < 1 || days > daysMost)) throw new Fault('audit.retention_invalid')
  if (organizationId !== undefined && archiveDays !== undefined)
    throw new Fault('audit.retention_invalid', {
      detail: 'Archives hold ranges of the whole log: set archiveDays for all',
    })
  const scope = organizationId ?? everything
  return storage.write(async (tx) => {
    await changeRules(tx)
    const minimum = await findMinimumDays(tx)
    if (keepDays !== undefined && keepDays < minimum)
      throw new Fault('audit.retention_below_minimum', { detail: `Every entry is kept for at least ${minimum} days` })
    if (keepDays === undefined && archiveDays === undefined) await deleteRetention(tx, scope)
    else await saveRetention(tx, scope, { keepDays, archiveDays }, clock.nowMs())
    await sweepAgain(tx)
    await record(tx, act, {
      type: 'audit.retention_changed',
      atMs: clock.nowMs(),
      organizationId,
      object: log,
      data: { scope, ...(keepDays !== undefined && { keepDays }), ...(archiveDays !== undefined && { archiveDays }) },
    })
  })
}

/**
 * Sets for how many days every entry keeps its body whatever an organization sets, 0 for no minimum; settings that are shorter already
 * count as this one from now on. Authorization, for the whole deployment, is settled by the caller.
 */
export async function setMinimum({ storage, clock }: RetentionDeps, act: Act, days: number) {
  if (days < 0 || days > daysMost) throw new Fault('audit.retention_invalid')
  return storage.write(async (tx) => {
    await changeRules(tx)
    const was = await findMinimumDays(tx)
    await saveMinimumDays(tx, days, clock.nowMs())
    await sweepAgain(tx)
    await record(tx, act, {
      type: 'audit.retention_minimum_changed',
      atMs: clock.nowMs(),
      organizationId: undefined,
      object: log,
      data: { days, was },
    })
  })
}

export interface NewHold {
  readonly organizationId?: OrganizationId | undefined
  /** Id of whoever did it or had it done to them. */
  readonly subject?: string | undefined
  readonly fromMs?: number | undefined
  readonly untilMs?: number | undefined
  readonly endsAtMs?: number | undefined
  readonly reason: string
  /** Where its placer has the right to: an organization, or undefined for the deployment. */
  readonly placedIn: OrganizationId | undefined
}

/** Places a legal hold. @throws {Fault} `audit.hold_invalid` when it names nothing or is over before it begins */
export async function placeHold({ storage, clock, entropy }: RetentionDeps, act: Act, input: NewHold) {
  const { organizationId, subject, fromMs, untilMs, endsAtMs, reason, placedIn } = input
  const nowMs = clock.nowMs()
  const names = [organizationId, subject, fromMs, untilMs].some((part) => part !== undefined)
  const empty = fromMs !== undefined && untilMs !== undefined && untilMs <= fromMs
  if (!names || empty || (endsAtMs !== undefined && endsAtMs <= nowMs)) throw new Fault('audit.hold_invalid')
  const hold: Hold = {
    id: newId('hold', { clock, entropy }),
    organizationId,
    subject,
    fromMs,
    untilMs,
    reason,
    endsAtMs,
    by: act.actor.name,
    createdAtMs: nowMs,
    releasedAtMs: undefined,
    placedIn,
  }
  const { at } = await storage.write(async (tx) => {
    await changeRules(tx)
    await insertHold(tx, hold)
    await record(tx, act, {
      type: 'audit.hold_placed',
      atMs: nowMs,
      organizationId,
      object: { type: 'AuditHold', id: hold.id },
      data: {
        reason,
        ...(subject !== undefined && { subject }),
        ...(fromMs !== undefined && { fromMs }),
        ...(untilMs !== undefined && { untilMs }),
        ...(endsAtMs !== undefined && { endsAtMs }),
      },
    })
  })
  return { hold, at }
}

/** Ends a hold now; what it kept is due at the next sweep. @throws {Fault} `audit.hold_unknown` */
export async function endHold({ storage, clock }: RetentionDeps, act: Act, hold: Hold, reason: string) {
  return storage.write(async (tx) => {
    await changeRules(tx)
    if (!(await releaseHold(tx, hold.id, clock.nowMs()))) throw new Fault('audit.hold_unknown')
    await sweepAgain(tx)
    await record(tx, act, {
      type: 'audit.hold_released',
      atMs: clock.nowMs(),
      organizationId: hold.organizationId as OrganizationId | undefined,
      object: { type: 'AuditHold', id: hold.id },
      data: { reason },
    })
  })
}

/** @throws {Fault} `audit.hold_unknown` */
export async function requireHold(storage: Storage, id: string): Promise<Hold> {
  const hold = (await listHolds(storage.db)).find((one) => one.id === id && one.releasedAtMs === undefined)
  if (hold === undefined) throw new Fault('audit.hold_unknown')
  return hold
}
