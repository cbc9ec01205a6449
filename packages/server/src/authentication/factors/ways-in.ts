import type { OrganizationId, UserId } from '#kernel'
import type { WaysIn } from '#policies'
import type { Reader } from '#storage'
import { readFactors } from './factors.ts'

/** How people get in, for the guard of sign-in policies: what each way shows, as policies name it. */
export const waysIn: WaysIn = {
  find: async (db: Reader, organization: OrganizationId, user: UserId) => {
    const factors = await readFactors(db, organization, user)
    const passkey = factors.passkeys.length > 0
    const ways: string[][] = passkey ? [['passkey']] : []
    if (factors.passwordSetAtMs === undefined) return ways
    if (factors.totpEnrolledAtMs !== undefined) ways.push(['password', 'totp'])
    if (passkey) ways.push(['password', 'passkey'])
    if (factors.totpEnrolledAtMs !== undefined && passkey) ways.push(['password', 'totp', 'passkey'])
    return ways.length > 0 ? ways : [['password']]
  },
  addresses: async (db, organization, limit) => {
    const rows = await db
      .selectFrom('sessions')
      .select('address')
      .distinct()
      .where('organization_id', '=', organization)
      .where('address', 'is not', null)
      .limit(limit)
      .execute()
    return rows.map(({ address }) => address as string)
  },
}
