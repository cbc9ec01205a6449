import type { Provider } from '#directory'
import { record } from '#feed'
import { type Act, type Clock, Secret } from '#kernel'
import type { Keyring } from '#keyring'
import type { Reader, Tx } from '#storage'
import '../events.ts'
import { purposes } from './registered.ts'

interface ProviderSecretTable {
  organization_id: string
  provider_id: string
  sealed: Uint8Array
  set_at: number
}

declare module '#storage' {
  interface Tables {
    provider_secrets: ProviderSecretTable
  }
}

/** Puts a secret in the place of any former one. It is never shown again. */
export async function saveProviderSecret(
  tx: Tx,
  { keyring, clock }: { readonly keyring: Pick<Keyring, 'seal'>; readonly clock: Clock },
  act: Act,
  provider: Provider,
  secret: Secret,
): Promise<void> {
  const sealed = keyring.seal(purposes.providerSecret, Buffer.from(secret.reveal(), 'utf8'), provider.id)
  const set_at = clock.nowMs()
  await tx
    .insertInto('provider_secrets')
    .values({ organization_id: provider.organizationId, provider_id: provider.id, sealed, set_at })
    .onConflict((conflict) => conflict.columns(['organization_id', 'provider_id']).doUpdateSet({ sealed, set_at }))
    .execute()
  await record(tx, act, {
    type: 'authentication.provider_secret_set',
    atMs: set_at,
    organizationId: provider.organizationId,
    object: { type: 'Gatehouse::Provider', id: provider.id, name: provider.name },
    data: {},
    touches: [],
  })
}

export async function findProviderSecret(
  db: Reader,
  keyring: Pick<Keyring, 'unseal'>,
  { id, organizationId }: Provider,
): Promise<Secret | undefined> {
  const row = await db
    .selectFrom('provider_secrets')
    .select('sealed')
    .where('organization_id', '=', organizationId)
    .where('provider_id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return new Secret(Buffer.from(await keyring.unseal(purposes.providerSecret, row.sealed, id)).toString('utf8'))
}

export const deleteProviderSecret = (tx: Tx, organizationId: string, providerId: string) =>
  tx
    .deleteFrom('provider_secrets')
    .where('organization_id', '=', organizationId)
    .where('provider_id', '=', providerId)
    .execute()
