import { record } from '#feed'
import { isFault, randomToken, systemEntropy } from '#kernel'
import { insertArtifact } from '../artifacts/artifact.store.ts'
import type { Artifact } from '../artifacts/artifact.ts'
import type { StatusPlace } from '../status-lists/status-entry.store.ts'
import { hangOn } from '../status-lists/status-lists.ts'
import { recordOf } from './issued-event.ts'
import type { OwnAnswer, OwnDeps, OwnRequest } from './own-request.ts'
import { findResourceServer, resourceOf } from './resources.ts'
import { rulesOf } from './rules.ts'
import { standardScopes } from './scopes.ts'
import { signJwt } from './sign-jwt.ts'
import { jwtArtifactId } from './stored-token.ts'

const grantType = 'client_credentials'
const known = new Set(['grant_type', 'scope', 'resource', 'client_id', 'client_secret'])
const scopeShape = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/
const standard: ReadonlySet<string> = new Set(standardScopes)

/** A client that proves itself by its secret wants an unbound token for itself (RFC 6749 §4.4). */
export async function ownToken(deps: OwnDeps, request: OwnRequest): Promise<OwnAnswer | undefined> {
  const wanted = request.client.authMethod === 'none' ? undefined : await read(deps, request)
  return wanted && issue(deps, request, wanted)
}

interface Wanted {
  readonly audience: string
  readonly scope: string | undefined
  readonly seconds: number
  readonly place: StatusPlace | undefined
}

async function read(deps: OwnDeps, { form, client }: OwnRequest): Promise<Wanted | undefined> {
  const names = [...form.keys()]
  if (new Set(names).size !== names.length || !names.every((name) => known.has(name))) return undefined
  const rules = rulesOf(client)
  if (!client.grantTypes.includes(grantType) || rules.dpop === 'required' || rules.certificateBound || rules.fapi)
    return undefined
  const text = form.get('scope') ?? ''
  if (text !== '' && !scopeShape.test(text)) return undefined
  const scopes = new Set(text === '' ? [] : text.split(' '))
  for (const scope of scopes) if (standard.has(scope)) return undefined
  const resource = form.get('resource') ?? resourceOf(client.id)
  const address = URL.parse(resource)?.href
  if (address === undefined || address.includes('#')) return undefined
  try {
    const server = await findResourceServer(resource, client, deps)
    if (server === undefined) return undefined
    const signing = server.jwt as { readonly sign?: { readonly alg?: string } } | undefined
    if (signing?.sign?.alg !== 'ES256') return undefined
    const offered = new Set(server.scope.split(' '))
    const scope = [...scopes].filter((one) => offered.has(one)).join(' ')
    const audience = String(server.audience)
    const place = await deps.statusLists.placeFor(audience)
    return { audience, scope: scope || undefined, seconds: server.accessTokenTTL as number, place }
  } catch {
    return undefined // and told by the provider
  }
}

function issue(deps: OwnDeps, request: OwnRequest, { audience, scope, seconds, place }: Wanted): OwnAnswer {
  const { client } = request
  const atMs = deps.clock.nowMs()
  const iat = Math.floor(atMs / 1_000)
  const exp = iat + seconds
  const jti = randomToken(systemEntropy)
  const claims = {
    jti,
    sub: client.id,
    iat,
    exp,
    ...(scope !== undefined && { scope }),
    client_id: client.id,
    iss: deps.url,
    aud: audience,
    org: client.organizationId,
    ...(client.owner !== undefined && { owner: client.owner }),
    ...(place && deps.statusLists.claimOf(place)),
  }
  const artifact: Artifact = {
    id: jwtArtifactId(jti, iat),
    kind: 'ClientCredentials',
    clientId: client.id,
    subject: undefined,
    grantId: undefined,
    sessionId: undefined,
    payload: { iat, exp, clientId: client.id, scope, aud: audience, owner: client.owner },
    issuedAtMs: iat * 1_000,
    expiresAtMs: exp * 1_000,
    consumedAtMs: undefined,
    ...(place && { status: hangOn(place, claims) }),
  }
  const access = {
    kind: 'access_token',
    format: 'jwt',
    hash: artifact.id,
    scope,
    audience,
    expiresAtMs: artifact.expiresAtMs,
    grantId: undefined,
    sessionId: undefined,
  } as const
  const recorded = recordOf(request.sent, client, { grantType, access, atMs })
  return {
    body: {
      access_token: signJwt(deps.signer, { typ: 'at+jwt' }, claims),
      expires_in: seconds,
      ...(scope !== undefined && { scope }),
      token_type: 'Bearer',
    },
    keep: () => keep(deps, artifact, recorded),
  }
}

/** Durable once it returns: in the database, or in the spool while that is away. */
async function keep(
  { storage, spool }: OwnDeps,
  artifact: Artifact,
  { act, event }: ReturnType<typeof recordOf>,
): Promise<true> {
  if (spool?.isAway) {
    await spool.keep({ artifact, act, event })
    return true
  }
  try {
    await storage.transact(async (tx) => {
      await insertArtifact(tx, artifact)
      await record(tx, act, event)
    })
    spool?.answered()
  } catch (error) {
    if (spool === undefined || !isFault(error, 'storage.unavailable')) throw error
    await spool.keep({ artifact, act, event })
  }
  return true
}
