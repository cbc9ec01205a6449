import { hash, randomUUID } from 'node:crypto'
import type { Feed, FeedEvent } from '#feed'
import type { Clock } from '#kernel'
import type { Storage } from '#storage'
import type { WriteNotice } from '../notices/deliver-notices.ts'
import { addNotice } from '../notices/notice.store.ts'
import { signJwt } from '../oidc/sign-jwt.ts'
import type { Signer } from '../oidc/signing.ts'
import { type Ended, takeParticipants } from './participant.store.ts'

/** How long an application that cannot be reached is tried. */
const triedForMs = 4 * 3_600_000
const tokenSeconds = 120

/** Whose sessions an event ends, however they end: by the person, an administrator, a detection, or with the account. */
function endedBy({ type, object, data }: FeedEvent): Ended | undefined {
  if (type === 'authentication.session_ended') return { sessionId: (data as { session: string }).session }
  if (type === 'authentication.sessions_ended')
    return object.type === 'Organization'
      ? { organizationId: object.id }
      : { userId: object.id, except: (data as { except?: string }).except }
  const barred = /^directory\.(user|organization)_(suspended|deactivated|deleted)$/.exec(type)?.[1]
  if (barred === 'user') return { userId: object.id }
  return barred === 'organization' ? { organizationId: object.id } : undefined
}

/**
 * Follows the feed: whoever took part in a session that ended gets a notice (OpenID Connect Back-Channel Logout 1.0 §2.5).
 * INVARIANT: taking part ends in the transaction that queues the notice, so none is lost or queued twice.
 */
export async function followSessionEnds(deps: {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly hurry: () => void
}): Promise<void> {
  await deps.feed.follow({
    name: 'tokens.logout',
    after: 'stored',
    handle: async (events) => {
      let queued = 0
      for (const event of events) {
        const ended = endedBy(event)
        if (ended === undefined) continue
        await deps.storage.transact(async (tx) => {
          const nowMs = deps.clock.nowMs()
          queued = 0
          for (const { sessionId, clientId, userId } of await takeParticipants(tx, ended)) {
            queued++
            await addNotice(tx, {
              id: hash('sha256', `logout ${sessionId} ${clientId}`, 'base64url'),
              kind: 'logout',
              clientId,
              detail: JSON.stringify({ sid: sessionId, sub: userId }),
              nextAtMs: nowMs,
              untilMs: nowMs + triedForMs,
            })
          }
        })
        if (queued > 0) deps.hurry()
      }
    },
  })
}

/** The request that tells it, with a logout token made now (§2.4): each attempt has its own `jti`. */
export function writeLogout(deps: {
  readonly url: string
  readonly signer: Signer
  readonly clock: Clock
}): WriteNotice {
  return async (notice, client) => {
    const { backchannelLogoutUri, idTokenAlgorithm } = client.oauth
    if (backchannelLogoutUri === undefined) return undefined
    const { sid, sub } = JSON.parse(notice.detail) as { sid: string; sub: string }
    const iat = Math.floor(deps.clock.nowMs() / 1_000)
    const logout_token = signJwt(
      deps.signer,
      { typ: 'logout+jwt', alg: idTokenAlgorithm },
      {
        iss: deps.url,
        sub,
        aud: client.id,
        iat,
        exp: iat + tokenSeconds,
        jti: randomUUID(),
        sid,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      },
    )
    return {
      url: backchannelLogoutUri,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token }).toString(),
    }
  }
}
