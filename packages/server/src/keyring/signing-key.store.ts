import type { Insertable, Selectable } from 'kysely'
import type { Reader, Tx } from '#storage'

export type SigningAlgorithm = 'ES256' | 'EdDSA' | 'RS256'
/** `published` is announced and not used; `active` signs; `retiring` only verifies; `retired` is history without a private key. */
export type SigningKeyState = 'published' | 'active' | 'retiring' | 'retired'

export interface SigningKeyTable {
  /** JWK thumbprint (RFC 7638). */
  kid: string
  algorithm: SigningAlgorithm
  state: SigningKeyState
  public_jwk: string
  /** PKCS #8, sealed; null once retired. */
  sealed: Uint8Array | null
  created_at: number
  activates_at: number
  /** When a retiring key retires. */
  retires_at: number | null
  revision: number
}
export type SigningKeyRow = Selectable<SigningKeyTable>

declare module '#storage' {
  interface Tables {
    signing_keys: SigningKeyTable
  }
}

/** All keys that are not retired, and the newest 100 of those that are, oldest first. */
export async function listSigningKeys(db: Reader): Promise<SigningKeyRow[]> {
  const live = await db.selectFrom('signing_keys').selectAll().where('state', '!=', 'retired').execute()
  const retired = await db
    .selectFrom('signing_keys')
    .selectAll()
    .where('state', '=', 'retired')
    .orderBy('created_at', 'desc')
    .limit(100)
    .execute()
  return [...retired, ...live].sort((a, b) => a.created_at - b.created_at || (a.kid < b.kid ? -1 : 1))
}

/** @returns false when the algorithm already has a key in this state */
export async function insertSigningKey(tx: Tx, row: Insertable<SigningKeyTable>): Promise<boolean> {
  const done = await tx
    .insertInto('signing_keys')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

/** Moves a key from one state to another. @returns false when it was not in that state any more */
export async function moveSigningKey(
  tx: Tx,
  row: SigningKeyRow,
  to: SigningKeyState,
  retiresAtMs: number | null,
): Promise<boolean> {
  const done = await tx
    .updateTable('signing_keys')
    .set({
      state: to,
      retires_at: retiresAtMs,
      revision: row.revision + 1,
      ...(to === 'retired' && { sealed: null }),
    })
    .where('kid', '=', row.kid)
    .where('state', '=', row.state)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Retires all keys that are not retired yet, whatever their state. @returns those that were, as they are now */
export async function retireSigningKeys(tx: Tx, nowMs: number): Promise<SigningKeyRow[]> {
  return tx
    .updateTable('signing_keys')
    .set((key) => ({ state: 'retired', retires_at: nowMs, sealed: null, revision: key('revision', '+', 1) }))
    .where('state', '!=', 'retired')
    .returningAll()
    .execute()
}

export async function resealSigningKey(tx: Tx, kid: string, sealed: Uint8Array): Promise<void> {
  await tx.updateTable('signing_keys').set({ sealed }).where('kid', '=', kid).where('sealed', 'is not', null).execute()
}
