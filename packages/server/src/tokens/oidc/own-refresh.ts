import { record } from '#feed'
import { randomToken, systemEntropy } from '#kernel'
import { consumeArtifact, findArtifact, insertArtifact } from '../artifacts/artifact.store.ts'
import { type Artifact, artifactId } from '../artifacts/artifact.ts'
import { isBarredFrom } from '../built-in-client.ts'
import type { Person } from '../ports.ts'
import type { StatusPlace } from '../status-lists/status-entry.store.ts'
import { hangOn } from '../status-lists/status-lists.ts'
import { claimsOf } from './accounts.ts'
import { askGoingOn } from './going-on.ts'
import { recordOf } from './issued-event.ts'
import { lifetimes, refreshTokenSeconds } from './lifetimes.ts'
import type { OwnAnswer, OwnDeps, OwnRequest } from './own-request.ts'
import { findResourceServer } from './resources.ts'
import { rulesOf } from './rules.ts'
import { claimsByScope } from './scopes.ts'
import { signJwt } from './sign-jwt.ts'
import { isRevoked, jwtArtifactId } from './stored-token.ts'
import type { IssuedToken } from './unit.ts'

const grantType = 'refresh_token'
const known = new Set(['grant_type', 'refresh_token', 'client_id', 'client_secret'])

/** What the provider keeps of a refresh token, as far as it is read here. */
interface RefreshPayload {
  readonly accountId: string
  readonly grantId: string
  readonly gty?: string
  readonly scope: string
  readonly resource: string
  readonly rotations?: number
  readonly nonce?: string
  readonly sid?: string
  readonly sessionUid?: string
  readonly expiresWithSession?: boolean
  readonly authTime?: number
  readonly acr?: string
  readonly amr?: readonly string[]
}

/** What makes a refresh token unusual: bound to a key, with claims or details of its own. */
const unusual = ['x5t#S256', 'jkt', 'attestationJkt', 'claims', 'rar'] as const

/**
 * New tokens for a refresh token that is good, with rotation (RFC 6749 §6, RFC 9700 §4.14.2). INVARIANT: who used it is decided by the
 * conditional update in the transaction that keeps the new ones. One that was used up before is left to the provider, which ends its grant.
 */
export async function ownRefresh(deps: OwnDeps, request: OwnRequest): Promise<OwnAnswer | undefined> {
  try {
    const found = await read(deps, request)
    return found && issue(deps, request, found)
  } catch {
    return undefined // and told by the provider
  }
}

interface Found {
  readonly artifact: Artifact
  readonly token: RefreshPayload
  readonly person: Person
  readonly audience: string
  /** Of the access token. */
  readonly scope: string
  /** Of the ID token; undefined where there is none. */
  readonly openid: readonly string[] | undefined
  readonly seconds: number
  readonly place: StatusPlace | undefined
}

async function read(deps: OwnDeps, { form, client, sent }: OwnRequest): Promise<Found | undefined> {
  const { storage, clock, refreshGraceMs, revocations } = deps
  const names = [...form.keys()]
  if (new Set(names).size !== names.length || !names.every((name) => known.has(name))) return undefined
  const rules = rulesOf(client)
  if (!client.grantTypes.includes(grantType) || rules.dpop === 'required' || rules.certificateBound || rules.fapi)
    return undefined
  if (client.oauth.idTokenAlgorithm !== 'ES256') return undefined
  const nowMs = clock.nowMs()
  const find = async (kind: string, identifier: string): Promise<Artifact | undefined> => {
    const artifact = await findArtifact(storage.db, artifactId(kind, identifier), nowMs)
    const isGood = artifact?.kind === kind && artifact.clientId === client.id && !isRevoked(revocations, artifact)
    return isGood ? artifact : undefined
  }
  const artifact = await find('RefreshToken', form.get('refresh_token') ?? '')
  if (artifact === undefined || isUsedUp(artifact, refreshGraceMs, nowMs)) return undefined
  const token = artifact.payload as unknown as RefreshPayload
  if (unusual.some((name) => artifact.payload[name] !== undefined)) return undefined
  if (typeof token.resource !== 'string' || typeof token.scope !== 'string') return undefined

  const [grant, isInForce, person] = await Promise.all([
    find('Grant', token.grantId),
    isOfSession(deps, token, client.id, nowMs),
    deps.people.find(token.accountId),
  ])
  if (grant === undefined || !isInForce || person === undefined || isBarredFrom(person, client.id)) return undefined
  const from = { id: sent.requestId, address: sent.address }
  const goesOn = await askGoingOn(deps.sessions, client, person, token, from)
  if (goesOn !== undefined && goesOn.kind !== 'permit') return undefined
  const granted = grant.payload as GrantPayload
  if (granted.accountId !== token.accountId || granted.rejected !== undefined || granted.rar !== undefined)
    return undefined
  const server = await findResourceServer(token.resource, client, deps)
  if (server === undefined) return undefined
  const signing = server.jwt as { readonly sign?: { readonly alg?: string } } | undefined
  if (signing?.sign?.alg !== 'ES256') return undefined
  const scopes = new Set(token.scope.split(' '))
  const offered = new Set(server.scope.split(' '))
  const of = (text: string | undefined, also: (one: string) => boolean) =>
    (text ?? '').split(' ').filter((one) => scopes.has(one) && also(one))
  const scope = of(granted.resources?.[token.resource], (one) => offered.has(one)).join(' ')
  const audience = String(server.audience)
  // At another application a client acts for a person only as far as the person allowed it there (`jwt-format.ts`).
  if (scope === '') return undefined
  const openid = scopes.has('openid') ? of(granted.openid?.scope, () => true) : undefined
  const place = await deps.statusLists.placeFor(audience)
  return { artifact, token, person, audience, scope, openid, seconds: server.accessTokenTTL as number, place }
}

interface GrantPayload {
  readonly accountId?: string
  readonly openid?: { readonly scope?: string }
  readonly resources?: Readonly<Record<string, string>>
  readonly rejected?: unknown
  readonly rar?: unknown
}

const isUsedUp = ({ consumedAtMs }: Artifact, graceMs: number, nowMs: number): boolean =>
  consumedAtMs !== undefined && consumedAtMs + graceMs <= nowMs

/** Whether what it hangs on is still there: the person's session, and this grant as what that session gave the client. */
async function isOfSession(deps: OwnDeps, token: RefreshPayload, clientId: string, nowMs: number): Promise<boolean> {
  const { expiresWithSession, sessionUid, accountId, grantId } = token
  if (!expiresWithSession) return true
  if (sessionUid === undefined) return false
  const [session, state] = await Promise.all([
    deps.sessions.find(sessionUid),
    findArtifact(deps.storage.db, artifactId('Session', sessionUid), nowMs),
  ])
  const { authorizations } = (state?.payload ?? {}) as { authorizations?: Record<string, { grantId?: string }> }
  return session?.userId === accountId && authorizations?.[clientId]?.grantId === grantId
}

function issue(deps: OwnDeps, request: OwnRequest, found: Found): OwnAnswer {
  const { artifact: former, token, person, audience, scope, seconds, place } = found
  const { client } = request
  const { grantId } = token
  const atMs = deps.clock.nowMs()
  const iat = Math.floor(atMs / 1_000)
  const gty = token.gty === undefined || token.gty.endsWith(grantType) ? token.gty : `${token.gty} ${grantType}`
  const sessionId = token.expiresWithSession === true ? token.sessionUid : undefined
  const bound = { clientId: client.id, subject: person.id, grantId, sessionId, issuedAtMs: iat * 1_000 }

  const identifier = randomToken(systemEntropy)
  const livesSeconds = refreshTokenSeconds(client)
  const rotations = typeof token.rotations === 'number' ? token.rotations + 1 : 1
  const next: Artifact = {
    ...bound,
    id: artifactId('RefreshToken', identifier),
    kind: 'RefreshToken',
    payload: { ...former.payload, iat, exp: iat + livesSeconds, gty, rotations },
    expiresAtMs: atMs + livesSeconds * 1_000,
    consumedAtMs: undefined,
  }
  const jti = randomToken(systemEntropy)
  const exp = iat + seconds
  const { sid, sessionUid, expiresWithSession, authTime: auth_time, acr, amr } = token
  const kept = { iat, exp, clientId: client.id, accountId: person.id, grantId, gty, scope, aud: audience }
  const access: Artifact = {
    ...bound,
    id: jwtArtifactId(jti, iat),
    kind: 'AccessToken',
    payload: { ...kept, sid, sessionUid, expiresWithSession },
    expiresAtMs: exp * 1_000,
    consumedAtMs: undefined,
    ...(place && { status: hangOn(place, { org: person.organizationId }) }),
  }
  const claims = {
    ...{ jti, sub: person.id, iat, exp, scope, client_id: client.id, iss: deps.url, aud: audience },
    ...{ org: person.organizationId, gid: grantId, sid: sessionId, auth_time, acr, amr },
    ...(place && deps.statusLists.claimOf(place)),
  }
  const handed = { scope, audience, grantId, sessionId }
  const recorded = recordOf(request.sent, client, {
    grantType,
    person,
    access: issued(access, 'access_token', 'jwt', handed),
    refresh: issued(next, 'refresh_token', 'opaque', handed),
    atMs,
  })
  return {
    body: {
      access_token: signJwt(deps.signer, { typ: 'at+jwt' }, claims),
      expires_in: seconds,
      ...(found.openid !== undefined && { id_token: idToken(deps, request, found, found.openid, iat) }),
      refresh_token: identifier,
      scope,
      token_type: 'Bearer',
    },
    keep: () =>
      deps.storage.transact(async (tx) => {
        if (!(await consumeArtifact(tx, former.id, atMs, deps.refreshGraceMs))) return false
        await insertArtifact(tx, access)
        await insertArtifact(tx, next)
        await record(tx, recorded.act, recorded.event)
        return true
      }),
  }
}

function issued(
  { id: hash, expiresAtMs }: Artifact,
  kind: IssuedToken['kind'],
  format: IssuedToken['format'],
  handed: Pick<IssuedToken, 'scope' | 'audience' | 'grantId' | 'sessionId'>,
): IssuedToken {
  return { kind, format, hash, expiresAtMs, ...handed }
}

/** OpenID Connect Core §12.2: the same subject and moment of sign-in, a new `iat`. */
function idToken(
  deps: OwnDeps,
  { client }: OwnRequest,
  { person, token }: Found,
  scopes: readonly string[],
  iat: number,
): string {
  const all = claimsOf(person) as Readonly<Record<string, unknown>>
  const shown = new Set(scopes.flatMap((scope) => claimsByScope[scope] ?? []))
  return signJwt(
    deps.signer,
    {},
    {
      ...Object.fromEntries([...shown].map((name) => [name, all[name]])),
      nonce: token.nonce,
      sid: token.sid,
      aud: client.id,
      exp: iat + (client.idTokenSeconds ?? lifetimes.idToken),
      iat,
      iss: deps.url,
      sub: person.id,
    },
  )
}
