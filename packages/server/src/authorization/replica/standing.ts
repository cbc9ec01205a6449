import type { FastifyRequest } from 'fastify'
import type { Act, Clock } from '#kernel'
import type { SessionFinder, TokenVerifier } from '../forward-auth/ports.ts'

export interface StandingDeps {
  readonly tokens: TokenVerifier
  readonly sessions: Pick<SessionFinder, 'find'>
  readonly clock: Clock
  /** Audience of tokens for Gatehouse's own API. */
  readonly url: string
}

/** Says whether what a stream was opened with still counts. Whatever goes wrong: no. */
export type Standing = () => Promise<boolean>

/**
 * Watches the credential of a request that is answered for long: an access token or API key until it is revoked or its `exp` has come
 * (a token that was taken within the skew after it: until that ends), a sign-in until its session ends.
 */
export function standingOf(
  { tokens, sessions, clock, url }: StandingDeps,
  request: FastifyRequest,
  act: Act,
): Standing {
  const token = /^(?:Bearer|DPoP) +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const { actor, sessionId } = act
  if (token !== undefined) {
    const audiences = actor.type === 'application' ? [actor.id, url] : [url]
    const read = () => audiences.map((one) => tokens.read(token, one)).find((claims) => claims !== undefined)
    const endsAtMs = (read()?.exp ?? Number.POSITIVE_INFINITY) * 1_000
    const isEarly = clock.nowMs() < endsAtMs
    return async () => read() !== undefined && (!isEarly || clock.nowMs() < endsAtMs)
  }
  if (sessionId === undefined) return async () => true
  return async () => (await sessions.find(sessionId)) !== undefined
}
