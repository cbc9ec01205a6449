import { findProvider, type ProviderId } from '#directory'
import { type Act, isFault, type OrganizationId } from '#kernel'
import type { Keyring } from '#keyring'
import type { Tx } from '#storage'
import type { Person } from '../deps.ts'
import type { Services } from '../services.ts'
import { type KnownAs, linkIdentity } from './link-identity.ts'
import { purposes } from './registered.ts'

interface WaitingTable {
  organization_id: string
  registration_id: string
  provider_id: string
  sealed: Uint8Array
}

declare module '#storage' {
  interface Tables {
    waiting_identities: WaitingTable
  }
}

interface Waiting {
  readonly organizationId: OrganizationId
  readonly registrationId: string
  readonly providerId: string
  readonly knownAs: KnownAs
}

export async function insertWaiting(tx: Tx, keyring: Pick<Keyring, 'seal'>, it: Waiting): Promise<void> {
  await tx
    .insertInto('waiting_identities')
    .values({
      organization_id: it.organizationId,
      registration_id: it.registrationId,
      provider_id: it.providerId,
      sealed: keyring.seal(
        purposes.waitingIdentity,
        Buffer.from(JSON.stringify(it.knownAs), 'utf8'),
        it.registrationId,
      ),
    })
    .execute()
}

/** Links what somebody came with to the account that they have got, where they came by a provider that is still there. */
export async function linkWaiting(
  tx: Tx,
  services: Pick<Services, 'clock' | 'entropy' | 'keyring'>,
  act: Act,
  person: Person,
  registrationId: string,
): Promise<void> {
  const [row] = await tx
    .deleteFrom('waiting_identities')
    .where('organization_id', '=', person.organizationId)
    .where('registration_id', '=', registrationId)
    .returningAll()
    .execute()
  const provider = row && (await findProvider(tx, row.provider_id as ProviderId))
  if (row === undefined || provider === undefined) return
  const plain = await services.keyring.unseal(purposes.waitingIdentity, row.sealed, registrationId)
  const known = JSON.parse(Buffer.from(plain).toString('utf8')) as KnownAs
  await linkIdentity(tx, services, act, person, provider, known, 'approval').catch((error) => {
    // Linked to somebody else meanwhile: the account is opened by the letter alone.
    if (!isFault(error, 'authentication.identity_taken')) throw error
  })
}

export const deleteWaiting = (tx: Tx, organizationId: OrganizationId, registrationId: string) =>
  tx
    .deleteFrom('waiting_identities')
    .where('organization_id', '=', organizationId)
    .where('registration_id', '=', registrationId)
    .execute()

/** Those whose registration is gone. */
export async function deleteOrphanedWaiting(tx: Tx): Promise<void> {
  await tx
    .deleteFrom('waiting_identities')
    .where('registration_id', 'not in', (from) => from.selectFrom('registrations').select('id'))
    .execute()
}
