import { sql } from 'kysely'
import type { SnapshotViews, Storage, Tx } from '#storage'

const columns = `type, at, organization_id, object_type, object_id, object_name, revision, outcome, actor_type, actor_id, actor_name,
  request_id, session_id, address, data, touches, context, changes`

/** The feed's tables as either engine can take them: an event that waits for its position is given the next ones. */
export const feedViews: SnapshotViews = {
  feed_sequencer: { skip: true },
  events: {
    postgres: `select coalesce(position, (select coalesce(max(position), 0) from events)
        + row_number() over (partition by position is null order by xid, id)) as position, ${columns} from events`,
  },
}

/** After events were written with their positions: numbering goes on behind them. */
export async function adoptPositions(storage: Storage, tx: Tx): Promise<void> {
  if (storage.engine === 'sqlite') return
  await sql`update feed_sequencer set position = (select coalesce(max(position), 0) from events)`.execute(tx as never)
}
