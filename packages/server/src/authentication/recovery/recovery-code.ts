import { createHash } from 'node:crypto'
import type { Entropy, OrganizationId, UserId } from '#kernel'
import { type Reader, repeatedRead, type Tx } from '#storage'

interface RecoveryCodeTable {
  organization_id: string
  user_id: string
  code_hash: string
  used_at: number | null
}

declare module '#storage' {
  interface Tables {
    recovery_codes: RecoveryCodeTable
  }
}

// Without letters that are taken for digits, and the other way round.
const letters = '23456789abcdefghjkmnpqrstuvwxyz'
export const recoveryCodeCount = 10

/** Sixteen characters, about 79 bits: too many to try, so a plain hash keeps them. */
export function newRecoveryCodes(entropy: Entropy): string[] {
  return Array.from({ length: recoveryCodeCount }, () => {
    let code = ''
    while (code.length < 16) {
      for (const byte of entropy.bytes(32)) {
        // Bytes past the largest multiple are thrown away, or some letters would come more often.
        if (byte < 248 && code.length < 16) code += letters[byte % 31]
      }
    }
    return (code.match(/.{4}/g) as string[]).join('-')
  })
}

const hashOf = (user: UserId, code: string) =>
  createHash('sha256')
    .update(`${user}:${code.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`)
    .digest('hex')

/** Puts these in place of any former codes. */
export async function saveRecoveryCodes(
  tx: Tx,
  organization: OrganizationId,
  user: UserId,
  codes: readonly string[],
): Promise<void> {
  await deleteRecoveryCodes(tx, organization, user)
  await tx
    .insertInto('recovery_codes')
    .values(
      codes.map((code) => ({
        organization_id: organization,
        user_id: user,
        code_hash: hashOf(user, code),
        used_at: null,
      })),
    )
    .execute()
}

/** Uses a code up; false for one that is wrong or was used. */
export async function takeRecoveryCode(
  tx: Tx,
  organization: OrganizationId,
  user: UserId,
  code: string,
  nowMs: number,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('recovery_codes')
    .set({ used_at: nowMs })
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('code_hash', '=', hashOf(user, code))
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

export async function countRecoveryCodes(db: Reader, organization: OrganizationId, user: UserId): Promise<number> {
  const [row] = await countLeft(db, organization, user)
  return Number(row?.left ?? 0)
}
const countLeft = repeatedRead((db) =>
  db
    .selectFrom('recovery_codes')
    .select((select) => select.fn.countAll<number>().as('left'))
    .where('organization_id', '=', '')
    .where('user_id', '=', '')
    .where('used_at', 'is', null),
)

export async function deleteRecoveryCodes(tx: Tx, organization: OrganizationId, user: UserId): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('recovery_codes')
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}
