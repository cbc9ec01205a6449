import { record } from '#feed'
import type { Act, Clock } from '#kernel'
import type { Tx } from '#storage'
import './events.ts'
import { retireSigningKeys } from './signing-key.store.ts'

/** Retires all signing keys, without the root key: the next start makes new ones, and nothing that these signed counts. @returns how many */
export async function retireEverySigningKey(tx: Tx, { clock }: { readonly clock: Clock }, act: Act): Promise<number> {
  const atMs = clock.nowMs()
  const retired = await retireSigningKeys(tx, atMs)
  for (const { kid, algorithm, state, revision } of retired)
    await record(tx, act, {
      type: 'keyring.signing_key_changed',
      atMs,
      organizationId: undefined,
      object: { type: 'Gatehouse::SigningKey', id: kid },
      revision,
      data: { kid, algorithm, state },
    })
  return retired.length
}
