import type { DirectoryDeps } from '#directory'
import { record } from '#feed'
import { type Act, type Clock, Fault } from '#kernel'
import type { Storage, Tx, Written } from '#storage'
import '../events.ts'
import type { ApiKeyRevokedReason } from '../events.ts'
import '../faults.ts'
import { findApiKey, listApiKeys, listLiveApiKeys, markRevoked } from './api-key.store.ts'
import type { ApiKey, ApiKeyOwner } from './api-key.ts'
import { entityOf } from './owner.ts'

/** @throws {Fault} `tokens.api_key_unknown`, also for one that its asker may not see */
export async function requireApiKey(
  { storage, gate }: Pick<DirectoryDeps, 'storage' | 'gate'>,
  act: Act,
  id: string,
): Promise<ApiKey> {
  const found = await findApiKey(storage.db, id)
  if (found === undefined || !gate.may(act, 'viewApiKey', entityOf(found.key.owner)))
    throw new Fault('tokens.api_key_unknown')
  return found.key
}

/** Ends a key for good; ending it again changes nothing. @throws {Fault} `tokens.api_key_unknown`, `authorization.denied` */
export async function revokeApiKey(deps: DirectoryDeps, act: Act, id: string): Promise<Written<boolean>> {
  const key = await requireApiKey(deps, act, id)
  deps.gate.require(act, 'revokeApiKey', entityOf(key.owner))
  return deps.storage.write((tx) => endApiKey(tx, deps.clock.nowMs(), act, key, 'revoked'))
}

/** As `revokeApiKey`, inside a transaction whose authorization is settled. @returns whether it was in force */
export async function endApiKey(
  tx: Tx,
  atMs: number,
  act: Act,
  key: ApiKey,
  reason: ApiKeyRevokedReason,
): Promise<boolean> {
  if (!(await markRevoked(tx, key.id, atMs))) return false
  await record(tx, act, {
    type: 'tokens.api_key_revoked',
    atMs,
    organizationId: key.organizationId,
    object: { type: 'Gatehouse::ApiKey', id: key.id, name: key.name },
    touches: [],
    data: { owner: key.owner, reason, issuedAt: new Date(key.issuedAtMs).toISOString() },
  })
  return true
}

/** Ends every key there is, in small steps. @returns how many */
export async function endEveryApiKey(
  storage: Storage,
  clock: Clock,
  act: Act,
  reason: ApiKeyRevokedReason,
): Promise<number> {
  let count = 0
  for (let after = ''; ; ) {
    const some = await listLiveApiKeys(storage.db, after, pageRows, clock.nowMs())
    await storage.transact(async (tx) => {
      for (const { key } of some) await endApiKey(tx, clock.nowMs(), act, key, reason)
    })
    count += some.length
    if (some.length < pageRows) return count
    after = some.at(-1)?.key.id as string
  }
}
const pageRows = 500

/** Ends every key of an owner, inside a transaction whose authorization is settled. @returns how many */
export async function endApiKeysOf(
  tx: Tx,
  atMs: number,
  act: Act,
  owner: ApiKeyOwner,
  reason: ApiKeyRevokedReason,
): Promise<number> {
  let count = 0
  for (const key of await listApiKeys(tx, { owner, liveAtMs: atMs }, '', 1_000))
    if (await endApiKey(tx, atMs, act, key, reason)) count++
  return count
}
