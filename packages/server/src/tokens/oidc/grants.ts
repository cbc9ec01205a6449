import type Provider from 'oidc-provider'
import type { Grant, KoaContextWithOIDC } from 'oidc-provider'
import type { ClientCache } from './clients.ts'
import { isOthers } from './resources.ts'
import { apiScope, claimsByScope } from './scopes.ts'

/** What a person let an application have, whatever session they did it in. */
export interface ConsentSource {
  findScopes(userId: string, clientId: string): Promise<readonly string[]>
}

/**
 * The grant of this session to this application: the one at hand, with what needs no question added. An application of one's own
 * organization asks nothing for itself; one that asks, or wants to act at another application, gets what the person allowed
 * before. Undefined when nothing is granted yet.
 */
export function loadExistingGrant(deps: { provider: () => Provider; clients: ClientCache; consents: ConsentSource }) {
  return async (ctx: KoaContextWithOIDC): Promise<Grant | undefined> => {
    const { client, session, account, result } = ctx.oidc
    if (client === undefined || session === undefined || account === undefined) return undefined
    const provider = deps.provider()
    const registered = await deps.clients.find(client.clientId)
    const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId)
    const found = grantId === undefined ? undefined : await provider.Grant.find(grantId)
    const grant =
      found?.accountId === account.accountId
        ? found
        : new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
    const consented = new Set(await deps.consents.findScopes(account.accountId, client.clientId))
    const asksNothing = registered?.consent === false
    const before = JSON.stringify([grant.openid, grant.resources])
    addRequestedClaims(ctx, grant, (claim) => asksNothing || consented.has(claimScope(claim)))
    addRequested(ctx, grant, {
      scope: (scope) => consented.has(scope) || (asksNothing && scope !== apiScope),
      audience: (audience) => !isOthers(audience, client.clientId) || consented.has(audience),
    })
    if (grant.openid === undefined && grant.resources === undefined) return undefined
    if (grant.jti === undefined || JSON.stringify([grant.openid, grant.resources]) !== before) await grant.save()
    return grant
  }
}

interface Allowed {
  scope(name: string): boolean
  audience(audience: string): boolean
}

/** As what a claim that was asked for by its name is remembered (OpenID Connect Core §5.5). */
export const claimScope = (claim: string): string => `claim:${claim}`

/** Claims by name: those that a granted scope has too need no question of their own. */
function addRequestedClaims(ctx: KoaContextWithOIDC, grant: Grant, allowed: (claim: string) => boolean): void {
  const named = [...(ctx.oidc.requestParamClaims as Iterable<string>)]
  const known = new Set(Object.values(claimsByScope).flat())
  // One that nobody has anything to say to needs no question either: it will not be answered.
  const claims = named.filter((claim) => allowed(claim) || !known.has(claim))
  if (claims.length > 0) grant.addOIDCClaims(claims)
}

/** Grants what is requested as far as it is allowed. */
function addRequested(ctx: KoaContextWithOIDC, grant: Grant, allowed: Allowed): void {
  const { requestParamOIDCScopes, requestParamScopes, resourceServers = {} } = ctx.oidc
  const of = (scopes: Iterable<string>) => [...scopes].filter(allowed.scope)
  const standard = of(requestParamOIDCScopes)
  if (standard.length > 0) grant.addOIDCScope(standard.join(' '))
  for (const [resource, server] of Object.entries(resourceServers)) {
    if (!allowed.audience(server.audience as string)) continue
    const scopes = of(requestParamScopes).filter((scope) => server.scopes.has(scope))
    if (scopes.length > 0) grant.addResourceScope(resource, scopes.join(' '))
  }
}
