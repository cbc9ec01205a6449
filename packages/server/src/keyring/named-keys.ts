import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { Clock } from '#kernel'
import type { Storage } from '#storage'
import { generateSigningKey } from './algorithms.ts'
import type { DataKeys } from './data-keys.ts'
import './named-key.store.ts'

export const namedPurpose = 'keyring.named'

/** A lasting Ed25519 key that is the identity of something, such as the audit log; not in the key set, not rotated on a schedule. */
export interface NamedKey {
  readonly publicKey: Uint8Array
  sign(data: Uint8Array): Uint8Array
}

/** The key of this name, made when there is none. Any number of nodes may ask at once: one key wins. */
export async function openNamedKey(
  deps: { storage: Storage; clock: Clock; dataKeys: DataKeys },
  name: string,
): Promise<NamedKey> {
  const { storage, clock, dataKeys } = deps
  const find = () => storage.db.selectFrom('named_keys').selectAll().where('name', '=', name).executeTakeFirst()
  let row = await find()
  if (row === undefined) {
    const { publicKey, privateKey } = await generateSigningKey('EdDSA')
    const made = {
      name,
      public_key: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
      sealed: dataKeys.seal(namedPurpose, name, privateKey.export({ format: 'der', type: 'pkcs8' })),
      created_at: clock.nowMs(),
    }
    await storage.transact((tx) =>
      tx
        .insertInto('named_keys')
        .values(made)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    )
    row = await find()
  }
  if (row === undefined) throw new TypeError(`named key ${name} was not kept`)
  const pkcs8 = await dataKeys.unseal(namedPurpose, name, row.sealed)
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  const raw = createPublicKey(key as never)
    .export({ format: 'der', type: 'spki' })
    .subarray(-32)
  return { publicKey: Buffer.from(raw), sign: (data) => sign(null, data, key) }
}
