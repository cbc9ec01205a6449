import type { EntityUid } from '#authorization'
import { type DirectoryDeps, requireApplication, requireMachine, requireOrganization, requireUser } from '#directory'
import { record } from '#feed'
import { type Act, type ApplicationId, Fault, isId, type OrganizationId, type Secret } from '#kernel'
import type { Reader, Tx, Written } from '#storage'
import '../events.ts'
import '../faults.ts'
import { findApiKeyByHash } from '../api-keys/api-key.store.ts'
import { apiKeyPrefix, hashOfApiKey, isApiKeyShaped } from '../api-keys/format.ts'
import { endApiKey } from '../api-keys/revoke-api-key.ts'
import { deleteArtifactsOf, findArtifact, findArtifactOfGrant } from '../artifacts/artifact.store.ts'
import { type Artifact, artifactId } from '../artifacts/artifact.ts'
import { endGrant, endToken } from '../oidc/revoke.ts'
import { jwtArtifactId } from '../oidc/stored-token.ts'
import type { SessionSource } from '../ports.ts'
import type { AccessTokenVerifier } from '../verify/verify-access-token.ts'
import { revocationOf } from './follow-revocations.ts'
import type { RevocationSet } from './revocation-set.ts'

export const revocableKinds = ['token', 'session', 'grant', 'application', 'machine', 'user', 'organization'] as const
export type RevocableKind = (typeof revocableKinds)[number]

export interface RevokeDeps {
  readonly directory: DirectoryDeps
  readonly sessions: Pick<SessionSource, 'find' | 'end'>
  readonly verifier: AccessTokenVerifier
  readonly revocations: RevocationSet
}

export interface RevokeInput {
  readonly kind: RevocableKind
  /** An id; of a token its text (a JWT, a refresh token, an API key), or how its event names it. */
  readonly id: Secret
  readonly reason: string
}

/** How much that can be used again was ended: codes, refresh tokens, device codes. What is signed already is not counted. */
export interface Revoked {
  readonly ended: number
  readonly at: Written<unknown>['at'] | undefined
}

const tokenKinds = ['RefreshToken', 'AccessToken', 'ClientCredentials'] as const

/**
 * Ends tokens and what renews them, by what they hang on, with one event. Whoever they were issued to may sign in or ask again from the
 * next second: to keep somebody out there are suspension and containment.
 * @throws {Fault} `tokens.revocable_unknown`, `directory.…_unknown`, `authorization.denied`, `authorization.above_you`
 */
export async function revokeTokens(deps: RevokeDeps, act: Act, input: RevokeInput): Promise<Revoked> {
  switch (input.kind) {
    case 'token':
      return revokeOne(deps, act, input)
    case 'session':
      return revokeSession(deps, act, input)
    case 'grant':
      return revokeGrant(deps, act, input.id.reveal())
    default:
      return revokeOf(deps, act, input.kind, input)
  }
}

const unknown = () => new Fault('tokens.revocable_unknown')
const entityOf = (id: string): EntityUid => ({
  type: isId('user', id) ? 'User' : isId('machine', id) ? 'Machine' : 'Application',
  id,
})

/** The right hangs on whom a token speaks for. Whoever has it not learns no more of the token than that. */
function require({ directory }: RevokeDeps, act: Act, principal: string | undefined): void {
  if (principal === undefined) throw unknown()
  directory.gate.require(act, 'revokeTokens', entityOf(principal))
}

async function revokeOne(deps: RevokeDeps, act: Act, { id }: RevokeInput): Promise<Revoked> {
  const { storage, clock, gate } = deps.directory
  const text = id.reveal()
  if (text.startsWith(apiKeyPrefix)) {
    const key = isApiKeyShaped(text) ? await findApiKeyByHash(storage.db, hashOfApiKey(text)) : undefined
    if (key === undefined) throw unknown()
    gate.require(act, 'revokeApiKey', entityOf(key.owner))
    const { value, at } = await storage.write((tx) => endApiKey(tx, clock.nowMs(), act, key, 'revoked'))
    return { ended: value ? 1 : 0, at }
  }
  const found = await findToken(deps, text)
  if (found === undefined) throw unknown()
  require(deps, act, found.subject ?? found.clientId)
  const { value, at } = await storage.write(async (tx) => {
    if (found.kind === 'RefreshToken' && found.grantId !== undefined)
      return endGrant(tx, clock.nowMs(), act, found, 'revoked_by_administrator')
    const revocation = await endToken(tx, clock.nowMs(), act, found)
    return { revocation, ended: 0 }
  })
  deps.revocations.add(value.revocation)
  return { ended: value.ended, at }
}

async function findToken({ directory, verifier }: RevokeDeps, text: string): Promise<Artifact | undefined> {
  const { storage, clock } = directory
  const nowMs = clock.nowMs()
  const claims = verifier.verify(text, undefined)
  const ids =
    claims !== undefined
      ? [jwtArtifactId(claims.jti, claims.iat)]
      : [...tokenKinds.map((kind) => artifactId(kind, text)), ...(text.length <= 64 ? [text] : [])]
  for (const id of ids) {
    const found = await findArtifact(storage.db, id, nowMs)
    if (found !== undefined && (tokenKinds as readonly string[]).includes(found.kind)) return found
  }
  return undefined
}

async function revokeSession(deps: RevokeDeps, act: Act, { id, reason }: RevokeInput): Promise<Revoked> {
  const session = await deps.sessions.find(id.reveal())
  if (session === undefined) throw unknown()
  deps.directory.gate.require(act, 'endSessions', { type: 'User', id: session.userId })
  const { value, at } = await deps.directory.storage.write((tx) => deleteArtifactsOf(tx, { sessionId: session.id }))
  await deps.sessions.end(act, session.id, reason)
  return { ended: value, at }
}

async function revokeGrant(deps: RevokeDeps, act: Act, grantId: string): Promise<Revoked> {
  const { storage, clock } = deps.directory
  const one = await findArtifactOfGrant(storage.db, grantId)
  if (one === undefined) throw unknown()
  require(deps, act, one.subject ?? one.clientId)
  const { value, at } = await storage.write((tx) => endGrant(tx, clock.nowMs(), act, one, 'revoked_by_administrator'))
  deps.revocations.add(value.revocation)
  return { ended: value.ended, at }
}

interface Named {
  readonly organizationId: OrganizationId
  readonly object: { readonly type: string; readonly id: string; readonly name: string }
}

/** @throws {Fault} `directory.…_unknown`, also for what is no id of that kind */
async function requireNamed(db: Reader, kind: RevocableKind, id: string): Promise<Named> {
  if (kind === 'organization') {
    const { name } = await requireOrganization(db, id as OrganizationId)
    return { organizationId: id as OrganizationId, object: { type: 'Organization', id, name } }
  }
  if (kind === 'user') {
    const { organizationId, username } = await requireUser(db, id as never)
    return { organizationId, object: { type: 'User', id, name: username } }
  }
  const machine = kind === 'machine'
  const { organizationId, name } = machine
    ? await requireMachine(db, id as never)
    : await requireApplication(db, id as ApplicationId)
  return { organizationId, object: { type: machine ? 'Machine' : 'Application', id, name } }
}

async function revokeOf(
  deps: RevokeDeps,
  act: Act,
  kind: Exclude<RevocableKind, 'token' | 'session' | 'grant'>,
  { id: secret, reason }: RevokeInput,
): Promise<Revoked> {
  const { storage, clock, gate } = deps.directory
  const id = secret.reveal()
  const { organizationId, object } = await requireNamed(storage.db, kind, id)
  gate.require(act, 'revokeTokens', { type: object.type, id })
  const atMs = clock.nowMs()
  const event = { type: 'tokens.revoked', atMs, organizationId, object, touches: [] } as const
  const { value: ended, at } = await storage.write(async (tx: Tx) => {
    const count = await deleteArtifactsOf(tx, bindingOf(kind, id))
    await record(tx, act, { ...event, data: { by: kind, reason, ended: count } })
    return count
  })
  const revocation = revocationOf({ ...event, data: {} })
  if (revocation !== undefined) deps.revocations.add(revocation)
  return { ended, at }
}

function bindingOf(kind: RevocableKind, id: string): Parameters<typeof deleteArtifactsOf>[1] {
  if (kind === 'organization') return { organizationId: id as OrganizationId }
  return kind === 'user' ? { subject: id } : { clientId: id }
}
