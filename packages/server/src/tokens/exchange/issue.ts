import Provider, { errors, type KoaContextWithOIDC } from 'oidc-provider'
import {
  checkDpopReplay,
  checkDpopRequired,
  checkMtlsCert,
  resolveRequestedResources,
  validateDpop,
} from 'oidc-provider/lib/helpers/grants.js'
import { Unit } from '../oidc/unit.ts'

/** The kinds of token that a request may name (RFC 8693 §3). */
export const tokenTypes = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
} as const

export interface Issuing {
  /** Whom the token speaks for: another than the client, or the client itself. */
  readonly subject: string
  /** What it may carry of scopes; narrowed to what the resource knows. */
  readonly scopes: readonly string[]
  /** Ends no later than this, in seconds from now. */
  readonly secondsMost: number
  /** Told by a reply to a token exchange only (RFC 8693 §2.2.1). */
  readonly tellsType: boolean
}

/**
 * Issues an access token for the one resource that the request names, bound to the sender's key or certificate like any other of
 * this client. Claims beyond the usual come from the unit's `exchange` (see `completeJwt`).
 */
export async function issueFor(provider: Provider, ctx: KoaContextWithOIDC, issuing: Issuing): Promise<void> {
  const client = ctx.oidc.client as NonNullable<typeof ctx.oidc.client>
  const proof = await validateDpop(provider, ctx)
  const [server, ...others] = await resolveRequestedResources(provider, ctx)
  if (server === undefined || others.length > 0) throw new errors.InvalidTarget('name one resource or audience')
  const known = new Set(server.scope?.split(' ') ?? [])
  const scope = issuing.scopes.filter((name) => known.has(name)).join(' ') || undefined
  const usual = server.accessTokenTTL ?? issuing.secondsMost
  server.accessTokenTTL = Math.max(1, Math.min(usual, Math.floor(issuing.secondsMost)))
  const token =
    issuing.subject === client.clientId
      ? new provider.ClientCredentials({ client, scope } as never)
      : new provider.AccessToken({ client, accountId: issuing.subject, scope } as never)
  Object.assign(token, { resourceServer: server })
  const certificate = checkMtlsCert(provider, ctx)
  if (certificate !== undefined) token.setThumbprint('x5t', certificate)
  if (proof !== undefined) {
    await checkDpopReplay(provider, ctx, proof, client.clientId)
    token.setThumbprint('jkt', proof.thumbprint)
  }
  checkDpopRequired(provider, ctx, proof)
  ctx.oidc.entity(token.kind as 'AccessToken', token as never)
  const { exchange } = Unit.current()
  if (exchange === undefined) throw new TypeError('what a token is exchanged for is not known to its request')
  const value = await token.save()
  ctx.body = {
    access_token: value,
    ...(issuing.tellsType && { issued_token_type: tokenTypes.accessToken }),
    token_type: token.tokenType,
    expires_in: token.expiration,
    ...(scope !== undefined && { scope }),
  }
}
