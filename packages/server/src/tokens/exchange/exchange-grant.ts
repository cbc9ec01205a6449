import type Provider from 'oidc-provider'
import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { record } from '#feed'
import type { Actor, Clock } from '#kernel'
import type { ClientCache } from '../oidc/clients.ts'
import { lifetimes } from '../oidc/lifetimes.ts'
import { findNamedClient, resourceOf } from '../oidc/resources.ts'
import { apiScope } from '../oidc/scopes.ts'
import { Unit } from '../oidc/unit.ts'
import { actorOfClient, actorOfPerson, type PersonSource, type RegisteredClient } from '../ports.ts'
import type { AccessTokenClaims, AccessTokenVerifier } from '../verify/verify-access-token.ts'
import '../events.ts'
import { jwtArtifactId } from '../oidc/stored-token.ts'
import { type ActClaim, actorsMost, actorsOf } from './act-chain.ts'
import { exchangeGrant } from './grant-types.ts'
import { issueFor, tokenTypes } from './issue.ts'

export const exchangeParameters = [
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
  'resource',
  'audience',
  'scope',
  'act',
]

export interface ExchangeDeps {
  readonly url: string
  readonly clock: Clock
  readonly clients: ClientCache
  readonly people: PersonSource
  readonly verifier: AccessTokenVerifier
  /** Decides `actFor` or `impersonate` over whom the token speaks for, by the built-in bundle; the decision goes on record. */
  readonly mayAct: (
    actor: Actor,
    action: 'actFor' | 'impersonate',
    subject: { readonly type: string; readonly id: string },
    requestId: string,
  ) => boolean
}

interface Party {
  readonly actor: Actor
  readonly client?: RegisteredClient
}

const entityTypes = { user: 'User', machine: 'Machine', app: 'Application' } as const

/**
 * Token exchange (RFC 8693) of our own access tokens: fewer scopes, another audience, and somebody who acts for the subject.
 * INVARIANT: the subject never changes, scopes and life never grow, and whoever comes to act for another does so by a decision.
 * Both tokens go on counting: what ends them ends what came from them.
 */
export async function exchangeToken(provider: Provider, ctx: KoaContextWithOIDC, deps: ExchangeDeps): Promise<void> {
  const unit = Unit.current()
  const params = ctx.oidc.params as Record<string, string | undefined>
  const client = await requireClient(ctx, deps)
  const refuse = (says: string, more: { subject?: string; actor?: string; error?: Error } = {}): Error => {
    const { error = new errors.InvalidRequest(says), ...who } = more
    recordRefused(unit, deps, client, { ...who, reason: says, audience: params.resource ?? params.audience })
    return error
  }
  const subject = readToken(deps, params, 'subject')
  if (subject === undefined) throw refuse('the subject token does not count here')
  const mine = [client.id, deps.url].includes(subject.aud) || subject.client_id === client.id
  if (!mine) throw refuse('the subject token is neither yours nor for you', { subject: subject.sub })
  // A bound token was shown to whom it is for with its key's proof; in anybody else's hands it proves nothing.
  if (subject.cnf !== undefined && subject.aud !== client.id)
    throw refuse('the subject token is bound to a key of another', { subject: subject.sub })
  const wanted = params.requested_token_type
  if (wanted !== undefined && wanted !== tokenTypes.accessToken && wanted !== tokenTypes.jwt)
    throw new errors.InvalidRequest('only access tokens are issued')
  const presented = params.actor_token === undefined ? undefined : readToken(deps, params, 'actor')
  if (params.actor_token !== undefined && presented === undefined)
    throw refuse('the actor token does not count here', { subject: subject.sub })
  if (presented !== undefined && presented.client_id !== client.id && presented.aud !== client.id)
    throw refuse('the actor token is neither yours nor for you', { subject: subject.sub, actor: presented.sub })
  if (presented?.act !== undefined || (presented?.cnf !== undefined && presented.aud !== client.id))
    throw refuse('the actor token is no token of the actor alone', { subject: subject.sub, actor: presented.sub })

  const resource = await resourceFor(params, subject, deps)
  Object.assign(params, { resource })
  const actorId = presented?.sub ?? client.id
  const scopes = subject.scope?.split(' ') ?? []
  const asked = params.scope === undefined || params.scope === '' ? scopes : params.scope.split(' ')
  const wider = asked.find((scope) => !scopes.includes(scope))
  if (wider !== undefined)
    throw refuse(`the subject token does not have the scope ${wider}`, {
      subject: subject.sub,
      actor: actorId,
      error: new errors.InvalidScope('an exchange does not widen', wider),
    })
  const target = await audienceOf(resource, deps)
  if (target === deps.url && subject.aud !== deps.url && !asked.includes(apiScope))
    throw refuse(`a token for Gatehouse's own API comes only from one that has the scope ${apiScope}`, {
      subject: subject.sub,
      actor: actorId,
      error: new errors.InvalidTarget(),
    })

  const held = subject.act
  const same = actorId === subject.client_id || actorId === held?.sub || actorId === subject.sub
  const isSelf = actorId === subject.sub && held === undefined
  const narrows = presented === undefined && (isSelf || (same && target === subject.aud))
  let act = held
  if (!narrows) {
    const actor = await partyOf(actorId, deps)
    if (actor === undefined || (presented === undefined && client.authMethod === 'none'))
      throw refuse('nobody is known to act', { subject: subject.sub, actor: actorId })
    const impersonates = params.act === 'none'
    const action = impersonates ? 'impersonate' : 'actFor'
    const whom = { type: entityTypes[subject.sub.split('_')[0] as keyof typeof entityTypes], id: subject.sub }
    if (!deps.mayAct(actor.actor, action, whom, unit.act.requestId))
      throw refuse(`no policy lets ${actorId} ${impersonates ? 'impersonate' : 'act for'} the subject`, {
        subject: subject.sub,
        actor: actorId,
      })
    if (!impersonates && actorId !== held?.sub && actorId !== subject.sub) {
      if (actorsOf(held).length >= actorsMost)
        throw refuse(`the token has passed through ${actorsMost} hands`, { subject: subject.sub, actor: actorId })
      act = { sub: actorId, ...ownerOf(actor), ...(held && { act: held }) }
    }
  }
  unit.exchange = {
    grantType: exchangeGrant,
    subject: subject.sub,
    actors: actorsOf(act),
    sources: [subject, ...(presented ? [presented] : [])].map(({ jti, iat }) => jwtArtifactId(jti, iat)),
    grantId: subject.gid,
    sessionId: subject.sid,
    claims: claimsFrom(subject, act, presented),
  }
  await issueFor(provider, ctx, {
    subject: subject.sub,
    scopes: asked,
    secondsMost: Math.min(subject.exp - deps.clock.nowMs() / 1_000, lifetimes.accessTokenMost),
    tellsType: true,
  })
}

/** What goes over from the subject's token: who it is, how it signed in, and what it hangs on. */
function claimsFrom(
  subject: AccessTokenClaims,
  act: ActClaim | undefined,
  presented: AccessTokenClaims | undefined,
): Record<string, unknown> {
  const { org, sid, gid, auth_time, acr, amr, owner } = subject
  const ids = [subject, ...(presented ? [presented] : [])].map(({ jti, iat }) => jwtArtifactId(jti, iat))
  const src = [...ids, ...(subject.src ?? []), ...(presented?.src ?? [])]
  const all = { org, sid, gid, auth_time, acr, amr, owner, act, src }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

async function requireClient(ctx: KoaContextWithOIDC, deps: ExchangeDeps): Promise<RegisteredClient> {
  const found = await deps.clients.find(ctx.oidc.client?.clientId as string)
  if (found === undefined) throw new errors.InvalidClient('client is not known')
  return found
}

function readToken(
  deps: ExchangeDeps,
  params: Record<string, string | undefined>,
  whose: 'subject' | 'actor',
): AccessTokenClaims | undefined {
  const type = params[`${whose}_token_type`]
  const token = params[`${whose}_token`]
  if (token === undefined) throw new errors.InvalidRequest(`missing required parameter(s) (${whose}_token)`)
  if (type === undefined) throw new errors.InvalidRequest(`missing required parameter(s) (${whose}_token_type)`)
  if (type !== tokenTypes.accessToken && type !== tokenTypes.jwt)
    throw new errors.InvalidRequest(`${whose}_token_type must be ${tokenTypes.accessToken}`)
  return deps.verifier.verify(token, undefined)
}

/** The resource that the request names by `resource` or `audience`; the subject token's own when by neither. */
async function resourceFor(
  params: Record<string, string | undefined>,
  subject: AccessTokenClaims,
  { url }: ExchangeDeps,
): Promise<string> {
  const named = (text: string) => (/^app_[0-9a-z]{26}$|^machine_[0-9a-z]{26}$/.test(text) ? resourceOf(text) : text)
  const { resource, audience } = params
  if (Array.isArray(resource) || Array.isArray(audience))
    throw new errors.InvalidTarget('name one resource or audience')
  if (resource !== undefined && audience !== undefined && resource !== named(audience))
    throw new errors.InvalidTarget('resource and audience name two')
  return (
    resource ??
    (audience === undefined ? undefined : named(audience)) ??
    (subject.aud === url ? url : resourceOf(subject.aud))
  )
}

async function audienceOf(resource: string, { url, clients }: ExchangeDeps): Promise<string | undefined> {
  if (resource === url || resource === `${url}/`) return url
  return /^urn:gatehouse:(machine_[0-9a-z]{26})$/.exec(resource)?.[1] ?? (await findNamedClient(resource, clients))?.id
}

async function partyOf(id: string, { clients, people }: ExchangeDeps): Promise<Party | undefined> {
  if (id.startsWith('user_')) {
    const person = await people.find(id)
    return person && { actor: actorOfPerson(person) }
  }
  const client = await clients.find(id)
  return client && { actor: actorOfClient(client), client }
}

const ownerOf = ({ client }: Party) => (client?.owner === undefined ? {} : { owner: client.owner })

function recordRefused(
  unit: Unit,
  { clock }: ExchangeDeps,
  client: RegisteredClient,
  data: { subject?: string; actor?: string; reason: string; audience: string | undefined },
): void {
  const { audience, ...rest } = data
  unit.recordRefusal(async (tx) => {
    await record(
      tx,
      { ...unit.act, actor: actorOfClient(client) },
      {
        type: 'tokens.exchange_refused',
        atMs: clock.nowMs(),
        organizationId: client.organizationId,
        object: { type: 'Gatehouse::Client', id: client.id, name: client.name },
        touches: [],
        data: { clientId: client.id, ...rest, ...(audience !== undefined && { audience: audience.slice(0, 300) }) },
      },
    )
  })
}
