import type { ApplicationId } from '#kernel'
import type { Reader, Tx } from '#storage'
import { unfollowed } from './edge-journal.store.ts'

/** An application that holds its own replica, as the node that tells it of changes sees it. */
export interface Followed {
  readonly application: ApplicationId
  /** Names the replica: the stream that its decisions come in by. */
  readonly stream: string
  readonly node: string
  readonly principal: { readonly type: string; readonly id: string }
  readonly openedAtMs: number
  readonly closedAtMs: number | undefined
  /** Number of the newest change that it was told of since it connected. */
  readonly told: number
  /** As of when it has been told everything. */
  readonly asOfMs: number | undefined
}

export async function noteFollowed(tx: Tx, followed: Followed, nowMs: number): Promise<void> {
  const { application, stream, node, principal, openedAtMs, closedAtMs = null, told, asOfMs = null } = followed
  const now = {
    followed_at_node: node,
    principal_type: principal.type,
    principal_id: principal.id,
    opened_at: openedAtMs,
    seen_at: nowMs,
    closed_at: closedAtMs,
    told,
    as_of_at: asOfMs,
    updated_at: nowMs,
  }
  await tx
    .insertInto('edge_journals')
    .values({
      application_id: application,
      stream,
      sequence: 0,
      hash: '',
      next_number: 1,
      watermark_at: 0,
      ...unfollowed,
      ...now,
    })
    .onConflict((conflict) => conflict.columns(['application_id', 'stream']).doUpdateSet(now))
    .execute()
}

/** Forgets a replica of which nothing has come in. */
export async function forgetFollowed(tx: Tx, { application, stream }: Followed): Promise<void> {
  await tx
    .deleteFrom('edge_journals')
    .where('application_id', '=', application)
    .where('stream', '=', stream)
    .where('sequence', '=', 0)
    .execute()
}

export interface ReplicaRow {
  readonly application: ApplicationId
  readonly stream: string
  readonly followed: (Omit<Followed, 'application' | 'stream'> & { readonly seenAtMs: number }) | undefined
  readonly sequence: number
  readonly next: number
  readonly watermarkMs: number
  readonly updatedAtMs: number
}

/** Replicas in the order of their application and name, after one. */
export async function listReplicas(
  db: Reader,
  application: ApplicationId | undefined,
  after: readonly [application: string, stream: string] | undefined,
  limit: number,
): Promise<ReplicaRow[]> {
  let query = db.selectFrom('edge_journals').selectAll()
  if (application !== undefined) query = query.where('application_id', '=', application)
  if (after !== undefined)
    query = query.where((is) =>
      is.or([
        is('application_id', '>', after[0]),
        is.and([is('application_id', '=', after[0]), is('stream', '>', after[1])]),
      ]),
    )
  const rows = await query.orderBy('application_id').orderBy('stream').limit(limit).execute()
  return rows.map((row) => ({
    application: row.application_id as ApplicationId,
    stream: row.stream,
    followed:
      row.followed_at_node === null || row.opened_at === null || row.seen_at === null
        ? undefined
        : {
            node: row.followed_at_node,
            principal: { type: row.principal_type ?? '', id: row.principal_id ?? '' },
            openedAtMs: row.opened_at,
            seenAtMs: row.seen_at,
            closedAtMs: row.closed_at ?? undefined,
            told: row.told ?? 0,
            asOfMs: row.as_of_at ?? undefined,
          },
    sequence: row.sequence,
    next: row.next_number,
    watermarkMs: row.watermark_at,
    updatedAtMs: row.updated_at,
  }))
}
