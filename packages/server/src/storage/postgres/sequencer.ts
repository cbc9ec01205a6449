import { type Kysely, sql } from 'kysely'
import type { Mark } from '../storage.ts'
import { isConflict } from './errors.ts'

const batchMost = 5_000

/**
 * Numbers committed events that have no position yet, in the order of `(xid, id)`, below the oldest transaction still open.
 * INVARIANT: under REPEATABLE READ one snapshot gives both the horizon and the rows, so every event below the horizon is
 * seen; a second sequencer conflicts on the single row of `feed_sequencer` and gives way.
 * @returns how many were numbered; 0 also when another node is at it
 */
export async function numberEvents(kysely: Kysely<unknown>): Promise<number> {
  try {
    return await kysely
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (tx) => {
        const horizon = await sql<{ locked: boolean; below: string; waiting: boolean; last: string }>`
          select pg_try_advisory_xact_lock(7251, 2) as locked, pg_snapshot_xmin(pg_current_snapshot())::text as below,
            exists (select 1 from events where position is null) as waiting, s.position::text as last
          from feed_sequencer s where one = 1`.execute(tx)
        const row = horizon.rows[0]
        if (row === undefined || !row.locked || !row.waiting) return 0
        const numbered = await sql`
          update events set position = ${row.last}::int8 + n.rank
          from (select id, row_number() over (order by xid, id) as rank from events
                where position is null and xid < ${row.below}::xid8 order by xid, id limit ${batchMost}) n
          where events.id = n.id`.execute(tx)
        const count = Number(numbered.numAffectedRows ?? 0n)
        if (count === 0) return 0
        // A full batch may have left events below the horizon: then the mark's `below` stays where it was.
        const below = count < batchMost ? sql`${row.below}::xid8` : sql`below`
        await sql`update feed_sequencer set position = position + ${count}, below = ${below} where one = 1`.execute(tx)
        await sql`select pg_notify('gatehouse', '')`.execute(tx)
        return count
      })
  } catch (error) {
    if (isConflict(error)) return 0
    throw error
  }
}

export async function readMark(kysely: Kysely<unknown>): Promise<Mark> {
  const { rows } = await sql<{ position: number; below: string }>`
    select position, (case when exists (select 1 from events where position is null) then below
      else greatest(below, pg_snapshot_xmin(pg_current_snapshot())) end)::text as below
    from feed_sequencer where one = 1`.execute(kysely)
  return { position: rows[0]?.position ?? 0, below: BigInt(rows[0]?.below ?? 0) }
}

/** The age in milliseconds of the oldest committed event without a position, by the writer's clock; 0 when there is none. */
export async function unnumberedSince(kysely: Kysely<unknown>): Promise<number | undefined> {
  const { rows } = await sql<{ at: number | null }>`select min(at) as at from events where position is null`.execute(
    kysely,
  )
  return rows[0]?.at ?? undefined
}

/** Numbers until every event that was committed before the call has its position, or `withinMs` have passed. */
export async function settleEvents(kysely: Kysely<unknown>, withinMs = 2_000): Promise<void> {
  const { rows } = await sql<{ xid: string }>`
    select xid::text as xid from events where position is null order by xid desc limit 1`.execute(kysely)
  const newest = rows[0]?.xid
  if (newest === undefined) return
  const until = performance.now() + withinMs
  for (let pauseMs = 2; performance.now() < until; pauseMs = Math.min(2 * pauseMs, 50)) {
    await numberEvents(kysely)
    const left = await sql`select 1 from events where position is null and xid <= ${newest}::xid8 limit 1`.execute(
      kysely,
    )
    if (left.rows.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
