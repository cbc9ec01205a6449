import { PostgresAdapter, sql } from 'kysely'
import type { Reader, Tx } from '#storage'
import { isInForce } from './hold.ts'
import { findMinimumDays, type Hold, listHolds, listRetention, type Retention } from './retention.store.ts'

/** By what the sweep goes: settings, the minimum, and the holds in force. */
export interface Rules {
  readonly settings: readonly Retention[]
  readonly minimumDays: number
  readonly holds: readonly Hold[]
}

/** The rules are others than those that a batch was chosen by: it is chosen anew. */
export class RulesChanged extends Error {}

/** The lease of the sweep lies with those of the sinks; no sink can have this name. Whoever changes the rules writes its row. */
export const lease = '~retention'

export async function readRules(db: Reader, nowMs: number): Promise<Rules> {
  const holds = (await listHolds(db)).filter((hold) => isInForce(hold, nowMs))
  return { settings: await listRetention(db), minimumDays: await findMinimumDays(db), holds }
}

/** Keeps the rules as they are until the transaction ends. @throws {RulesChanged} */
export async function requireRules(tx: Tx, rules: Rules, nowMs: number): Promise<void> {
  if (tx.getExecutor().adapter instanceof PostgresAdapter)
    await sql`select 1 from audit_sinks where name = ${lease} for share`.execute(tx)
  const now = await readRules(tx, nowMs)
  const ids = ({ holds }: Rules) => holds.map(({ id }) => id).join()
  const says = (it: Rules) => JSON.stringify([it.settings, it.minimumDays, ids(it)])
  if (says(now) !== says(rules)) throw new RulesChanged()
}

/** Waits for the transaction of a batch that goes by the former rules, and makes later ones look again. */
export async function changeRules(tx: Tx): Promise<void> {
  await tx
    .updateTable('audit_sinks')
    .set((row) => ({ updated_at: row('updated_at', '+', 1) }))
    .where('name', '=', lease)
    .execute()
}
