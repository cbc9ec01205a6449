import type { Migration, Reader, Tx } from '#storage'

/** One message to one receiver; `due_at` moves on while it fails, and away while a process holds it. */
interface DeliveryTable {
  id: string
  alert_id: string
  /** `opened`, `escalated` or `resolved`. */
  what: string
  receiver: string
  due_at: number
  attempts: number
  state: 'waiting' | 'sent' | 'dropped'
  problem: string | null
}

declare module '#storage' {
  interface Tables {
    alert_deliveries: DeliveryTable
  }
}

export const deliveryMigrations: readonly Migration[] = [
  {
    id: '1212_observability_deliveries',
    sql: `create table alert_deliveries (id text primary key, alert_id text not null, what text not null, receiver text not null,
  due_at int8 not null, attempts int8 not null, state text not null, problem text);
create index alert_deliveries_by_due on alert_deliveries (state, due_at);
create index alert_deliveries_by_alert on alert_deliveries (alert_id);`,
  },
]

export type What = 'opened' | 'escalated' | 'resolved'

export interface Delivery {
  readonly id: string
  readonly alertId: string
  readonly what: What
  readonly receiver: string
  readonly attempts: number
}

export async function insertDelivery(
  tx: Tx,
  { alertId, dueAtMs, ...rest }: Omit<Delivery, 'attempts'> & { readonly dueAtMs: number },
): Promise<void> {
  const row = { ...rest, alert_id: alertId, due_at: dueAtMs, attempts: 0, state: 'waiting' as const, problem: null }
  await tx.insertInto('alert_deliveries').values(row).execute()
}

/** Takes one message that is due, for this process alone until `heldUntilMs`. */
export async function takeDelivery(tx: Tx, nowMs: number, heldUntilMs: number): Promise<Delivery | undefined> {
  const row = await tx
    .selectFrom('alert_deliveries')
    .selectAll()
    .where('state', '=', 'waiting')
    .where('due_at', '<=', nowMs)
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const taken = await tx
    .updateTable('alert_deliveries')
    .set({ due_at: heldUntilMs, attempts: Number(row.attempts) + 1 })
    .where('id', '=', row.id)
    .where('due_at', '=', row.due_at)
    .executeTakeFirst()
  if (taken.numUpdatedRows !== 1n) return undefined
  return {
    id: row.id,
    alertId: row.alert_id,
    what: row.what as What,
    receiver: row.receiver,
    attempts: Number(row.attempts) + 1,
  }
}

export async function settleDelivery(
  tx: Tx,
  id: string,
  to: { readonly state: 'sent' | 'dropped' } | { readonly state: 'waiting'; readonly dueAtMs: number },
  problem?: string,
): Promise<void> {
  const when = to.state === 'waiting' ? { due_at: to.dueAtMs } : {}
  await tx
    .updateTable('alert_deliveries')
    .set({ state: to.state, problem: problem ?? null, ...when })
    .where('id', '=', id)
    .execute()
}

/** Nobody is told any more: what was waiting to escalate is over. */
export async function dropEscalations(tx: Tx, alertId: string): Promise<void> {
  await tx
    .updateTable('alert_deliveries')
    .set({ state: 'dropped' })
    .where('alert_id', '=', alertId)
    .where('what', '=', 'escalated')
    .where('state', '=', 'waiting')
    .execute()
}

/** Receivers that were told of the alert, or will be. */
export async function listReceivers(db: Reader, alertId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('alert_deliveries')
    .select('receiver')
    .distinct()
    .where('alert_id', '=', alertId)
    .where('state', '=', 'sent')
    .execute()
  return rows.map(({ receiver }) => receiver)
}
