import type { FastifyRequest } from 'fastify'
import { type Actor, Fault, type UserId } from '#kernel'
import { type Identify, type Identity, readCredential } from '#web'
import '../faults.ts'
import type { ApiKeyClaims } from '../api-keys/api-key-set.ts'
import { apiKeyPrefix } from '../api-keys/format.ts'
import { commandLineId, isBarredFrom } from '../built-in-client.ts'
import { actorsOf } from '../exchange/act-chain.ts'
import { acrValues } from '../oidc/acr.ts'
import type { ClientCache } from '../oidc/clients.ts'
import { apiScope } from '../oidc/scopes.ts'
import { actorOfClient, actorOfPerson, type PersonSource, type TokenProof } from '../ports.ts'
import type { PresentedRequest } from './presented-token.ts'
import type { AccessTokenClaims } from './verify-access-token.ts'

/** What a refused request is told of a token that would do (RFC 6750 §3.1, RFC 9470 §3). */
export const challenges = new WeakMap<FastifyRequest, string>()

/**
 * Recognises the sender of a request to Gatehouse's own API by an access token whose audience is the issuer (RFC 6750 §2.1).
 * Opaque tokens and those of other ways (the bootstrap credential) are not of its kind.
 */
export function identifyByAccessToken(deps: {
  readonly issuer: string
  readonly verify: (presented: PresentedRequest, audience: string) => AccessTokenClaims | 'none' | undefined
  readonly clients: ClientCache
  readonly people: PersonSource
  /** Refuses a person's token whose proof (`acr`) is not enough for what the person may do by now. */
  readonly holdToFactors?: ((user: UserId, proof: TokenProof) => Promise<void>) | undefined
}): Identify {
  const actorOf = async (subject: string): Promise<Actor | undefined> => {
    if (subject.startsWith('user_')) {
      const person = await deps.people.find(subject)
      return person && actorOfPerson(person)
    }
    const client = await deps.clients.find(subject)
    return client && actorOfClient(client)
  }
  const isOff = async (actor: Actor) => {
    const person = actor.type === 'user' ? await deps.people.find(actor.id) : undefined
    return person !== undefined && isBarredFrom(person, commandLineId)
  }
  const identities = new WeakMap<object, Identity>()
  return (request) => {
    const given = readCredential(request.headers.authorization)?.token
    if (given === undefined || !(given.startsWith(apiKeyPrefix) || isAccessToken(given))) return undefined
    const presented = { request, method: request.method, url: `${deps.issuer}${request.url}` }
    const claims = deps.verify(presented, deps.issuer)
    if (claims === undefined || claims === 'none') throw new Fault('tokens.access_token_invalid')
    // A machine or an application by a token of its own is known at once: they ask thousands of times a second.
    const isOwn = claims.client_id === claims.sub && claims.act === undefined && claims.sid === undefined
    const client = isOwn && !('apiKey' in claims) ? deps.clients.held(claims.sub) : undefined
    if (client === undefined) return identify(request, claims)
    let identity = identities.get(client)
    if (identity === undefined) {
      identity = { actor: actorOfClient(client), via: 'bearer' }
      identities.set(client, identity)
    }
    return identity
  }

  async function identify(request: FastifyRequest, claims: AccessTokenClaims): Promise<Identity> {
    const actor = await actorOf(claims.sub)
    if (actor === undefined) throw new Fault('tokens.access_token_invalid')
    const key = 'apiKey' in claims ? (claims as ApiKeyClaims).apiKey : undefined
    if (key === undefined && actor.type === 'user' && !claims.scope?.split(' ').includes(apiScope)) {
      challenges.set(request, `Bearer error="insufficient_scope", scope="${apiScope}"`)
      throw new Fault('tokens.scope_missing')
    }
    if (actor.type === 'user')
      await deps
        .holdToFactors?.(
          actor.id,
          key === undefined ? { ...claims, sessionId: claims.sid } : { acr: key.acr, ownSecond: true },
        )
        .catch((error) => {
          challenges.set(
            request,
            `Bearer error="insufficient_user_authentication", acr_values="${acrValues[1]} ${acrValues[2]}"`,
          )
          throw error
        })
    if (key !== undefined)
      return {
        actor,
        via: 'bearer',
        through: { type: 'Gatehouse::ApiKey', id: key.id, name: key.name },
        ...(!key.scopes.includes(apiScope) && { within: key.scopes }),
      }
    // Whoever acts for somebody else is named in every event of it.
    const actors = actorsOf(claims.act)
    const named = actors.length === 0 ? actor : { ...actor, name: `${actor.name} through ${actors.join(', ')}` }
    const carrier = claims.client_id === claims.sub ? undefined : claims.client_id
    const client = carrier === undefined ? undefined : await deps.clients.find(carrier)
    // Off means off: what the command line still holds opens nothing either.
    if (carrier === commandLineId && (client === undefined || (await isOff(actor))))
      throw new Fault('tokens.access_token_invalid')
    const through =
      carrier === undefined ? undefined : { type: 'Application', id: carrier, ...(client && { name: client.name }) }
    return {
      actor: named,
      via: 'bearer',
      ...(through && { through }),
      ...(claims.sid !== undefined && { sessionId: claims.sid }),
    }
  }
}

const headersMost = 1_000
/** Headers that were read: all tokens of one key have the same. */
const headers = new Map<string, boolean>()

/** By its header alone, unverified: whether the token claims to be an access token (RFC 9068 §2.1). */
function isAccessToken(token: string): boolean {
  const text = token.slice(0, token.indexOf('.'))
  let known = headers.get(text)
  if (known === undefined) {
    known = readsAsAccessToken(text)
    if (headers.size >= headersMost) headers.clear()
    if (text.length < 1_000) headers.set(text, known)
  }
  return known
}

function readsAsAccessToken(text: string): boolean {
  try {
    const header = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    return /^(application\/)?at\+jwt$/i.test(String(header?.typ))
  } catch {
    return false
  }
}
