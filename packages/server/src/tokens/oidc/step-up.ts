import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import type { PersonSource, SessionSource } from '../ports.ts'
import { acrValues } from './acr.ts'
import type { ClientCache } from './clients.ts'
import { ownPeople } from './own-people.ts'
import { requestOf } from './request.ts'

interface AcrRequest {
  readonly essential?: boolean
  readonly value?: unknown
  readonly values?: unknown
}

/**
 * What a request asks of the sign-in's strength: `acr_values` or the client's default are wishes, the `claims` parameter can insist
 * (OpenID Connect Core §3.1.2.1, §5.5.1.1).
 */
function askedOf({ oidc }: KoaContextWithOIDC): { readonly values: readonly string[]; readonly essential: boolean } {
  const claim = ((oidc.claims as { id_token?: { acr?: AcrRequest | null } }).id_token?.acr ?? {}) as AcrRequest
  const essential = claim.essential === true
  if (claim.values !== undefined && !Array.isArray(claim.values))
    throw new errors.InvalidRequest('invalid claims.id_token.acr.values type')
  const claimed = [claim.value, ...((claim.values as unknown[] | undefined) ?? [])].filter((v) => typeof v === 'string')
  if (claimed.length > 0) return { values: claimed as string[], essential }
  const wished = String(oidc.params?.acr_values ?? '').split(' ')
  return { values: wished.filter((value) => value !== ''), essential: false }
}

/** The weakest of those asked for that this server knows: what a step-up must reach. */
export function wantedAcr(ctx: KoaContextWithOIDC): string | undefined {
  const { values } = askedOf(ctx)
  return acrValues.find((acr) => values.includes(acr))
}

/** The strongest of those asked for that a sign-in of `acr` meets. */
function metBy(acr: string | undefined, values: readonly string[]): string | undefined {
  const reached = acrValues.indexOf(acr as (typeof acrValues)[number])
  return acrValues.findLast((value, at) => at <= reached && values.includes(value))
}

/**
 * The provider's policy, with strengths that are ordered: a request that wants more than the session has sends the person to
 * prove more (RFC 9470 §5). Who cannot goes on where it was a wish, and is refused where it was a demand.
 */
export function interactionRules(deps: {
  readonly sessions: Pick<SessionSource, 'mayOpen'>
  readonly clients: ClientCache
  readonly people: PersonSource
}): interactionPolicy.DefaultPolicy {
  const { sessions } = deps
  const policy = interactionPolicy.base()
  const { checks } = policy.get('login') as interactionPolicy.Prompt
  checks.remove('essential_acrs')
  checks.remove('essential_acr')
  const { Check } = interactionPolicy
  checks.add(ownPeople(deps))
  checks.add(
    new Check('acr', 'the sign-in is not as strong as requested', 'unmet_authentication_requirements', (ctx) => {
      const { session, result } = ctx.oidc
      const { values, essential } = askedOf(ctx)
      if (values.length === 0 || session?.accountId === undefined) return Check.NO_NEED_TO_PROMPT
      const met = metBy(session.acr, values)
      if (met !== undefined) {
        // The answer names what was asked for (OpenID Connect Core §5.5.1.1); the session itself stays as strong as it is.
        session.acr = values.includes(session.acr as string) ? session.acr : met
        return Check.NO_NEED_TO_PROMPT
      }
      const known = acrValues.some((acr) => values.includes(acr))
      if (known && result?.login === undefined) return Check.REQUEST_PROMPT
      if (essential) throw new errors.UnmetAuthenticationRequirements('none of the requested acr values could be met')
      return Check.NO_NEED_TO_PROMPT
    }),
  )
  checks.add(
    new Check('sign_in_policy', 'sign-in policies ask for more', 'access_denied', async (ctx) => {
      const { session, client, result } = ctx.oidc
      if (session?.accountId === undefined || client === undefined) return Check.NO_NEED_TO_PROMPT
      const request = requestOf(ctx.req)
      const answer = await sessions.mayOpen?.(request, client.clientId)
      if (answer === undefined || answer.kind === 'permit') return Check.NO_NEED_TO_PROMPT
      if (answer.kind === 'require' && result?.login === undefined) return Check.REQUEST_PROMPT
      // INVARIANT: who cannot show more is told so after one try, not sent around for ever.
      throw new errors.AccessDenied(
        `the organization's sign-in policies do not permit this here and now (${request.id})`,
      )
    }),
  )
  return policy
}
