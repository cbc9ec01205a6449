import type { DirectoryDeps } from '#directory'
import { findApplication } from '#directory'
import { record } from '#feed'
import { type Act, Fault, isId, newId, type Secret } from '#kernel'
import type { Reader, Written } from '#storage'
import '../events.ts'
import '../faults.ts'
import { commandLineId } from '../built-in-client.ts'
import { acrValues } from '../oidc/acr.ts'
import { apiScope } from '../oidc/scopes.ts'
import type { SessionSource, SignInSession } from '../ports.ts'
import { countLiveApiKeys, insertApiKey } from './api-key.store.ts'
import { type ApiKey, apiKeyLifetimes, apiKeysMost, ownApi } from './api-key.ts'
import { hashOfApiKey, makeApiKey } from './format.ts'
import { entityOf, type FoundOwner, holdOwner, requireOwner } from './owner.ts'

export interface IssueApiKeyDeps extends DirectoryDeps {
  readonly sessions: Pick<SessionSource, 'find'>
  /** Whether Gatehouse has an action of this name. */
  readonly isAction: (name: string) => boolean
}

export interface ApiKeyInput {
  readonly owner: string
  readonly name: string
  readonly applications: readonly string[]
  readonly scopes?: readonly string[] | undefined
  readonly validSeconds?: number | undefined
}

export interface IssuedApiKey {
  readonly key: ApiKey
  /** Kept nowhere: shown this once. */
  readonly secret: Secret
}

const scopeShape = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/

/**
 * Makes an API key. A person's is made by that person alone, signed in: nobody has a way to become somebody else by it. A key makes no keys,
 * nor does an application or an actor for whom it acts.
 * @throws {Fault} `tokens.principal_unknown`, `tokens.api_key_refused`, `tokens.api_key_not_yours`, `tokens.api_keys_too_many`,
 * `authorization.denied`, `authorization.above_you`
 */
export async function issueApiKey(deps: IssueApiKeyDeps, act: Act, input: ApiKeyInput): Promise<Written<IssuedApiKey>> {
  const { storage, gate, clock, entropy } = deps
  const owner = await requireOwner(storage.db, input.owner)
  gate.require(act, 'issueApiKey', entityOf(owner.id))
  const isOwn = 'id' in act.actor && act.actor.id === owner.id
  // INVARIANT: what an application may do for a person ends with their consent, what an actor may with its right: neither leaves a key.
  const ownHand = act.through === undefined || (act.through.type === 'Application' && act.through.id === commandLineId)
  if ((isId('user', owner.id) && !isOwn) || !ownHand) throw new Fault('tokens.api_key_not_yours')
  const session = act.sessionId === undefined ? undefined : await deps.sessions.find(act.sessionId)
  const name = input.name.normalize('NFC').trim()
  if (name === '' || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name))
    throw refused('/name', 'must be one line of visible text')
  const scopes = readScopes(deps, input)
  const seconds = readLifetime(owner, input.validSeconds)
  const secret = makeApiKey(entropy)
  return storage.write(async (tx) => {
    const nowMs = clock.nowMs()
    // INVARIANT: whoever leaves at this moment leaves no key behind: they go before this, and it is refused, or after it, and it ends.
    await holdOwner(tx, owner.id)
    if ((await requireOwner(tx, owner.id)).state !== 'active') throw refused('/owner', 'must be active')
    if ((await countLiveApiKeys(tx, owner.id, nowMs)) >= apiKeysMost) throw new Fault('tokens.api_keys_too_many')
    const key: ApiKey = {
      id: newId('apikey', { clock, entropy }),
      organizationId: owner.organizationId,
      owner: owner.id,
      name,
      applications: await readApplications(tx, owner, input.applications),
      scopes,
      acr: session?.userId === owner.id ? provedBy(session) : undefined,
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + seconds * 1_000,
      usedAtMs: undefined,
      revokedAtMs: undefined,
    }
    await insertApiKey(tx, key, hashOfApiKey(secret.reveal()))
    await record(tx, act, {
      type: 'tokens.api_key_issued',
      atMs: nowMs,
      organizationId: key.organizationId,
      object: { type: 'Gatehouse::ApiKey', id: key.id, name },
      touches: [],
      data: {
        owner: owner.id,
        applications: key.applications,
        scopes,
        expiresAt: new Date(key.expiresAtMs).toISOString(),
      },
    })
    return { key, secret }
  })
}

/** INVARIANT: what a key says of its making holds whatever its owner comes to be: a second factor that is not their own is none. */
const provedBy = ({ acr, ownSecond }: SignInSession): string | undefined =>
  acr === acrValues[1] && ownSecond === false ? acrValues[0] : acr

function readScopes({ isAction }: IssueApiKeyDeps, { applications, scopes = [] }: ApiKeyInput): string[] {
  for (const [at, scope] of scopes.entries())
    if (!scopeShape.test(scope)) throw refused(`/scopes/${at}`, 'must be the name of an action')
  if (!applications.includes(ownApi)) return [...new Set(scopes)]
  if (applications.length > 1) throw refused('/applications', `must be ${ownApi} alone: such a key is for nothing else`)
  if (scopes.length === 0) throw refused('/scopes', `must name actions, or ${apiScope} for all that its owner may`)
  for (const [at, scope] of scopes.entries())
    if (scope !== apiScope && !isAction(scope))
      throw refused(`/scopes/${at}`, `must be an action of Gatehouse or ${apiScope}`)
  return [...new Set(scopes)]
}

async function readApplications(
  db: Reader,
  { organizationId }: FoundOwner,
  given: readonly string[],
): Promise<ApiKey['applications']> {
  const found: ApiKey['applications'][number][] = []
  for (const [at, id] of [...new Set(given)].entries()) {
    const application = isId('app', id) ? await findApplication(db, id) : undefined
    const fits = application?.organizationId === organizationId && application.state === 'active'
    if (id !== ownApi && !fits)
      throw refused(`/applications/${at}`, `must be an active application of its organization, or ${ownApi}`)
    found.push(id as ApiKey['applications'][number])
  }
  return found
}

/** Seconds: what is asked for, the usual otherwise, and never more than the organization and the deployment allow. */
function readLifetime({ keyDays }: FoundOwner, asked: number | undefined): number {
  const most = Math.min(apiKeyLifetimes.most, keyDays === undefined ? apiKeyLifetimes.most : keyDays * 86_400)
  if (asked !== undefined && asked > most)
    throw refused('/validSeconds', `must be at most ${most}: ${most / 86_400} days`)
  return asked ?? Math.min(apiKeyLifetimes.usual, most)
}

function refused(pointer: string, detail: string): Fault {
  return new Fault('tokens.api_key_refused', {
    detail: `${pointer} ${detail}`,
    extra: { errors: [{ pointer, detail }] },
  })
}
