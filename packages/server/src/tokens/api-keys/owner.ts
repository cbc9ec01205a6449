import type { EntityUid } from '#authorization'
import { findMachine, findUser, requireOrganization } from '#directory'
import { Fault, isId, type OrganizationId } from '#kernel'
import { holdRow, type Reader, type Tx } from '#storage'
import '../faults.ts'
import type { ApiKeyOwner } from './api-key.ts'

export const entityOf = (owner: ApiKeyOwner): EntityUid => ({
  type: isId('user', owner) ? 'User' : 'Machine',
  id: owner,
})

/** Until the transaction ends nobody moves them elsewhere. */
export const holdOwner = (tx: Tx, owner: ApiKeyOwner): Promise<void> =>
  holdRow(tx, isId('user', owner) ? 'users' : 'machines', owner)

export interface FoundOwner {
  readonly id: ApiKeyOwner
  readonly organizationId: OrganizationId
  readonly name: string
  readonly state: string
  /** The most that a key of theirs may live, as their organization says; undefined: what the deployment says. */
  readonly keyDays: number | undefined
}

/** @throws {Fault} `tokens.principal_unknown` for whoever is no person and no machine, or deleted */
export async function requireOwner(db: Reader, id: string): Promise<FoundOwner> {
  const found = isId('user', id) ? await findUser(db, id) : isId('machine', id) ? await findMachine(db, id) : undefined
  if (found === undefined || found.state === 'deleted') throw new Fault('tokens.principal_unknown')
  const { settings } = await requireOrganization(db, found.organizationId)
  return {
    id: found.id,
    organizationId: found.organizationId,
    name: 'username' in found ? found.username : found.name,
    state: found.state,
    keyDays: settings.tokens?.keyDays,
  }
}
