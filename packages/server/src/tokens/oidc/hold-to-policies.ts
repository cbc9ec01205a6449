import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Person, SessionSource } from '../ports.ts'
import { askGoingOn, type Refreshing } from './going-on.ts'
import { registeredOf } from './our-clients.ts'
import { requestOf } from './request.ts'

const called: Readonly<Record<string, string>> = {
  email: 'a code by e-mail',
  totp: 'an authenticator app',
  passkey: 'a passkey',
}

/**
 * Holds a refresh to the sign-in policies before it uses anything up: in an hour, or from elsewhere, the same token may be good again.
 * @throws `invalid_grant` that names the factor still needed: the application sends the person to sign in
 */
export async function holdToPolicies(
  ctx: KoaContextWithOIDC,
  sessions: Pick<SessionSource, 'mayGoOn'>,
  person: Person,
  token: unknown,
): Promise<void> {
  const { client, params, route } = ctx.oidc
  const { consumed, ...refreshing } = (token ?? {}) as Refreshing & { readonly consumed?: unknown }
  // One that was used up before ends its grant, whatever else is so.
  if (route !== 'token' || params?.grant_type !== 'refresh_token' || client === undefined || consumed) return
  const registered = registeredOf(client)
  if (registered === undefined) return
  const request = requestOf(ctx.req)
  const answer = await askGoingOn(sessions, registered, person, refreshing, { id: request.id, address: request.ip })
  if (answer === undefined || answer.kind === 'permit') return
  const says =
    answer.kind === 'require'
      ? `sign-in policies ask for ${answer.factors.map((factor) => called[factor] ?? factor).join(' or ')} here and now: sign in again`
      : 'sign-in policies do not permit this here and now'
  throw new errors.CustomOIDCProviderError('invalid_grant', says)
}
