import { type AccessToken, type ClientCredentials, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Artifact } from '../artifacts/artifact.ts'
import { hangOn, type StatusLists } from '../status-lists/status-lists.ts'
import type { PersonAccount } from './accounts.ts'
import type { ClientCache } from './clients.ts'
import { isOthers } from './resources.ts'
import { jwtArtifactId } from './stored-token.ts'
import { Unit } from './unit.ts'

type JwtToken = (AccessToken | ClientCredentials) & Record<string, unknown>

/**
 * Completes a JWT access token before it is signed (RFC 9068 §2.2) and has the request keep its artifact. The artifact and the
 * event are committed before the reply leaves: no JWT is out there that introspection does not know.
 */
export function completeJwt(clients: ClientCache, statusLists: StatusLists) {
  return async (ctx: KoaContextWithOIDC, token: JwtToken, jwt: { payload: Record<string, unknown> }): Promise<void> => {
    const { payload } = jwt
    const { exchange } = Unit.current()
    // INVARIANT: at another application a client acts for a person only as far as the person allowed it there (`grants.ts`).
    if (
      exchange === undefined &&
      token.kind === 'AccessToken' &&
      isOthers(String(payload.aud), token.clientId as string) &&
      !token.scope
    )
      throw new errors.InvalidTarget()
    const { account, entities } = ctx.oidc as typeof ctx.oidc & { account?: PersonAccount }
    const source = entities.AuthorizationCode ?? entities.RotatedRefreshToken ?? entities.RefreshToken
    const sessionId =
      exchange?.sessionId ?? (token.expiresWithSession === true ? (token.sessionUid as string) : undefined)
    const client = await clients.find(token.clientId as string)
    Object.assign(payload, {
      org: account?.person.organizationId ?? client?.organizationId,
      ...(token.kind === 'ClientCredentials' && client?.owner !== undefined && { owner: client.owner }),
      ...(token.grantId !== undefined && { gid: token.grantId }),
      ...(sessionId !== undefined && { sid: sessionId }),
      ...(source?.authTime !== undefined && { auth_time: source.authTime }),
      ...(source?.acr !== undefined && { acr: source.acr }),
      ...(source?.amr !== undefined && { amr: source.amr }),
      ...exchange?.claims,
    })
    const place = await statusLists.placeFor(String(payload.aud))
    if (place !== undefined) Object.assign(payload, statusLists.claimOf(place))
    const artifact: Artifact = {
      id: jwtArtifactId(payload.jti as string, payload.iat as number),
      kind: token.kind,
      clientId: token.clientId,
      subject: token.accountId as string | undefined,
      grantId: exchange?.grantId ?? (token.grantId as string | undefined),
      sessionId,
      // The provider gives claims that were asked for by name only to tokens without a resource; ours all have one.
      payload: { ...pick(token, payload), claims: token.claims ?? source?.claims },
      issuedAtMs: (payload.iat as number) * 1_000,
      expiresAtMs: (payload.exp as number) * 1_000,
      consumedAtMs: undefined,
      ...(place && { status: hangOn(place, payload) }),
    }
    const unit = Unit.current()
    unit.insert(artifact)
    unit.issued.push({
      kind: 'access_token',
      format: 'jwt',
      hash: artifact.id,
      scope: payload.scope as string | undefined,
      audience: payload.aud as string,
      expiresAtMs: artifact.expiresAtMs,
      grantId: artifact.grantId,
      sessionId,
    })
  }
}

/** What the provider wants to find again. */
function pick(token: JwtToken, payload: Record<string, unknown>): Record<string, unknown> {
  const { clientId, accountId, grantId, gty, scope, aud, sid, sessionUid, expiresWithSession } = token
  const { 'x5t#S256': x5t, jkt, rar } = token
  const { iat, exp, act, owner } = payload
  return {
    iat,
    exp,
    clientId,
    accountId,
    grantId,
    gty,
    scope,
    aud,
    sid,
    sessionUid,
    expiresWithSession,
    jkt,
    rar,
    'x5t#S256': x5t,
    // Shown by introspection (RFC 8693 §4.1).
    ...((act !== undefined || owner !== undefined) && { extra: { act, owner } }),
  }
}
