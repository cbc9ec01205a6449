import type { KoaContextWithOIDC } from 'oidc-provider'
import { type NewEvent, record } from '#feed'
import type { Act, Actor } from '#kernel'
import type { Tx } from '#storage'
import '../events.ts'
import { addParticipant } from '../logout/participant.store.ts'
import { actorOfClient, actorOfPerson, type Person, type RegisteredClient } from '../ports.ts'
import type { PersonAccount } from './accounts.ts'
import type { Exchanged, IssuedToken, Unit } from './unit.ts'

/** An application that is told of the end of sessions takes part in the one that this sign-in came from. */
async function takePart(
  tx: Tx,
  ctx: KoaContextWithOIDC,
  client: RegisteredClient,
  account: PersonAccount | undefined,
): Promise<void> {
  const { entities, session } = ctx.oidc
  const sessionId = (entities.AuthorizationCode ?? entities.DeviceCode)?.sessionUid
  if (client.oauth.backchannelLogoutUri === undefined || account === undefined || sessionId === undefined) return
  const untilMs = (session?.exp ?? Math.floor(Date.now() / 1_000) + participantSeconds) * 1_000
  const { id: userId, organizationId } = account.person
  await addParticipant(tx, { sessionId, clientId: client.id, userId, organizationId, untilMs })
}

/** Longer than any session lasts. */
const participantSeconds = 31 * 86_400

/** Records what one token request handed out, as one event in the transaction that keeps it. */
export async function recordIssued(
  tx: Tx,
  ctx: KoaContextWithOIDC,
  unit: Unit,
  client: RegisteredClient,
  atMs: number,
): Promise<void> {
  const access = unit.issued.find((token) => token.kind === 'access_token')
  if (access === undefined) return
  if (unit.exchange !== undefined) return recordExchanged(tx, unit, unit.exchange, access, client, atMs)
  const account = ctx.oidc.account as PersonAccount | undefined
  await takePart(tx, ctx, client, account)
  const { act, event } = issuedEvent(ctx, unit, client, access, atMs)
  await record(tx, act, event)
}

/** What is recorded of a token that no exchange brought. */
export function issuedEvent(
  ctx: KoaContextWithOIDC,
  unit: Unit,
  client: RegisteredClient,
  access: IssuedToken,
  atMs: number,
): RecordedToken {
  const refresh = unit.issued.find((token) => token.kind === 'refresh_token')
  const account = ctx.oidc.account as PersonAccount | undefined
  const grantType = String(ctx.oidc.params?.grant_type)
  return recordOf(unit.act, client, { grantType, person: account?.person, access, refresh, atMs })
}

export interface RecordedToken {
  readonly act: Act
  readonly event: NewEvent<'tokens.token_issued'>
}

/** The event of one token, whoever it speaks for: the person, or the client itself. */
export function recordOf(
  sent: Act,
  client: RegisteredClient,
  it: {
    readonly grantType: string
    readonly person?: Person | undefined
    readonly access: IssuedToken
    readonly refresh?: IssuedToken | undefined
    readonly atMs: number
  },
): RecordedToken {
  const { grantType, person, access, refresh, atMs } = it
  const actor: Actor = person === undefined ? actorOfClient(client) : actorOfPerson(person)
  const act: Act = { ...sent, actor, ...(access.sessionId !== undefined && { sessionId: access.sessionId }) }
  const event: NewEvent<'tokens.token_issued'> = {
    type: 'tokens.token_issued',
    atMs,
    organizationId: person?.organizationId ?? client.organizationId,
    object: { type: 'Gatehouse::Client', id: client.id, name: client.name },
    touches: [],
    data: {
      grantType,
      clientId: client.id,
      subject: person?.id ?? client.id,
      scopes: access.scope === undefined ? [] : access.scope.split(' '),
      ...(access.audience !== undefined && { audience: access.audience }),
      token: access.hash,
      format: access.format,
      expiresAt: new Date(access.expiresAtMs).toISOString(),
      ...(access.grantId !== undefined && { grantId: access.grantId }),
      ...(refresh !== undefined && { refreshToken: refresh.hash }),
    },
  }
  return { act, event }
}

/** Who acts is whose deed it is; the subject stands in the data. */
async function recordExchanged(
  tx: Tx,
  unit: Unit,
  exchange: Exchanged,
  access: IssuedToken,
  client: RegisteredClient,
  atMs: number,
): Promise<void> {
  const { grantType, subject, actors, sources, workload } = exchange
  await record(
    tx,
    { ...unit.act, actor: actorOfClient(client) },
    {
      type: 'tokens.token_exchanged',
      atMs,
      organizationId: client.organizationId,
      object: { type: 'Gatehouse::Client', id: client.id, name: client.name },
      touches: [],
      data: {
        grantType,
        clientId: client.id,
        subject,
        actors,
        scopes: access.scope === undefined ? [] : access.scope.split(' '),
        ...(access.audience !== undefined && { audience: access.audience }),
        token: access.hash,
        sources,
        expiresAt: new Date(access.expiresAtMs).toISOString(),
        ...(workload !== undefined && { workload }),
      },
    },
  )
}
