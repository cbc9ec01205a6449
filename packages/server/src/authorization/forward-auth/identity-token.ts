import type { Entity } from '@gatehouse/cedar'
import type { ApplicationId, Clock } from '#kernel'
import type { EntityUid } from '../entities/source.ts'
import type { Identified } from './identify.ts'
import type { IdentitySigner } from './ports.ts'

/** How long a token counts, and how much of that is left when it is last handed out. */
const lifetimeSeconds = 120
const leastLeftSeconds = 60
const most = 20_000

/**
 * The identity that the gateway hands on, as a JWT (RFC 7519) signed by the keyring with the application as its audience: a
 * service behind a gateway that somebody got around can still tell. Signed once a minute for each principal and session.
 */
export class IdentityTokens {
  readonly #deps: { readonly issuer: string; readonly signer: IdentitySigner; readonly clock: Clock }
  readonly #known = new Map<string, { readonly token: string; readonly kid: string; readonly exp: number }>()

  constructor(deps: { readonly issuer: string; readonly signer: IdentitySigner; readonly clock: Clock }) {
    this.#deps = deps
  }

  /** @param how by what: the session, the scopes of a token or API key, who acts (the claim `act`, RFC 8693 §4.1), the present one first */
  for(
    audience: ApplicationId,
    principal: EntityUid,
    entity: Entity | undefined,
    how: Pick<Identified, 'session' | 'actors' | 'scope'>,
  ): string {
    const { session, actors = [], scope } = how
    const { issuer, signer, clock } = this.#deps
    const now = Math.floor(clock.nowMs() / 1_000)
    const key = `${audience}\n${principal.type}\n${principal.id}\n${session?.id ?? ''}\n${actors.map(({ id }) => id)}\n${scope ?? ''}`
    const { kid } = signer.activeKey('ES256')
    const known = this.#known.get(key)
    if (known !== undefined && known.kid === kid && known.exp - now >= leastLeftSeconds) return known.token
    const exp = now + lifetimeSeconds
    const claims = {
      iss: issuer,
      aud: audience,
      sub: principal.id,
      sub_type: principal.type,
      iat: now,
      exp,
      ...namesOf(entity),
      ...(session !== undefined && { sid: session.id, acr: session.acr, amr: session.amr }),
      ...(scope !== undefined && scope !== '' && { scope }),
      ...(actors.length > 0 && { act: chainOf(actors) }),
    }
    const signed = `${encode({ alg: 'ES256', typ: 'gatehouse-identity+jwt', kid })}.${encode(claims)}`
    const token = `${signed}.${Buffer.from(signer.sign(kid, Buffer.from(signed))).toString('base64url')}`
    this.#known.delete(key)
    if (this.#known.size >= most) this.#known.delete(this.#known.keys().next().value as string)
    this.#known.set(key, { token, kid, exp })
    return token
  }
}

const chainOf = (actors: readonly EntityUid[]) =>
  actors.reduceRight<object | undefined>((act, { id }) => ({ sub: id, ...(act && { act }) }), undefined)

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Claims by OpenID Connect's names, from what the directory says. */
function namesOf(entity: Entity | undefined): Record<string, string> {
  const claims: Record<string, string> = {}
  const text = (attribute: string) => {
    const value = entity?.attrs.get(attribute)
    return typeof value === 'string' ? value : undefined
  }
  const username = text('username')
  if (username !== undefined) claims.preferred_username = username
  const email = text('email')
  if (email !== undefined) claims.email = email
  const name = text('name')
  if (name !== undefined) claims.name = name
  return claims
}
