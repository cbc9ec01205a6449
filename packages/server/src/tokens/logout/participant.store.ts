import type { Migration, Tx } from '#storage'

/** An application that somebody is signed in to and that wants to hear of the end. */
export interface Participant {
  readonly sessionId: string
  readonly clientId: string
  readonly userId: string
  readonly organizationId: string
  readonly untilMs: number
}

interface ParticipantTable {
  session_id: string
  client_id: string
  user_id: string
  organization_id: string
  until: number
}

declare module '#storage' {
  interface Tables {
    session_participants: ParticipantTable
  }
}

export const participantMigrations: readonly Migration[] = [
  {
    id: '0711_tokens_participants',
    sql: `create table session_participants (session_id text not null, client_id text not null, user_id text not null,
  organization_id text not null, until int8 not null, primary key (session_id, client_id));
create index session_participants_by_user on session_participants (user_id);
create index session_participants_by_organization on session_participants (organization_id);
create index session_participants_by_end on session_participants (until);`,
  },
]

export async function addParticipant(tx: Tx, participant: Participant): Promise<void> {
  const { sessionId, clientId, userId, organizationId, untilMs } = participant
  await tx
    .insertInto('session_participants')
    .values({
      session_id: sessionId,
      client_id: clientId,
      user_id: userId,
      organization_id: organizationId,
      until: untilMs,
    })
    .onConflict((conflict) => conflict.columns(['session_id', 'client_id']).doUpdateSet({ until: untilMs }))
    .execute()
}

export type Ended =
  | { readonly sessionId: string }
  | { readonly userId: string; readonly except?: string | undefined }
  | { readonly organizationId: string }

/** Takes those whom the end concerns out of the table. */
export async function takeParticipants(tx: Tx, ended: Ended): Promise<Participant[]> {
  let query = tx.deleteFrom('session_participants')
  if ('sessionId' in ended) query = query.where('session_id', '=', ended.sessionId)
  else if ('userId' in ended) {
    query = query.where('user_id', '=', ended.userId)
    if (ended.except !== undefined) query = query.where('session_id', '!=', ended.except)
  } else query = query.where('organization_id', '=', ended.organizationId)
  const rows = await query.returningAll().execute()
  return rows.map((row) => ({
    sessionId: row.session_id,
    clientId: row.client_id,
    userId: row.user_id,
    organizationId: row.organization_id,
    untilMs: row.until,
  }))
}

export async function deleteEndedParticipants(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('session_participants').where('until', '<', nowMs).execute()
}
