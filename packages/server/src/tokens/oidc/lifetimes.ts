import type { RegisteredClient } from '../ports.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** Seconds. People's access tokens are short, since a session renews them; a machine asks again at its leisure. */
export const lifetimes = {
  personAccessToken: 5 * minute,
  machineAccessToken: 15 * minute,
  accessTokenMost: hour,
  authorizationCode: minute,
  /** While a person answers on another device. */
  deviceCode: 10 * minute,
  idToken: hour,
  interaction: hour,
  /** Without use; each rotation begins it anew. */
  refreshToken: 30 * day,
  grant: 365 * day,
} as const

/** Whether a client gets tokens for itself only. */
const isAlone = ({ type, grantTypes }: RegisteredClient): boolean =>
  type === 'machine' || grantTypes.every((grant) => grant === 'client_credentials')

/** What its access tokens live: its own setting, at most what its organization and the deployment allow. */
function accessTokenSecondsMost(client: RegisteredClient): number {
  const alone = isAlone(client)
  const own = client.accessTokenSeconds ?? (alone ? lifetimes.machineAccessToken : lifetimes.personAccessToken)
  const limit = alone ? client.limits.machineTokenSeconds : client.limits.accessTokenSeconds
  return Math.min(own, limit ?? own, lifetimes.accessTokenMost)
}

/** The same, up to a tenth shorter by chance: a fleet that was started together does not renew together. */
export function accessTokenSeconds(client: RegisteredClient, random = Math.random): number {
  const most = accessTokenSecondsMost(client)
  return most - Math.floor(random() * 0.1 * most)
}

export function refreshTokenSeconds(client: RegisteredClient | undefined): number {
  const own = client?.refreshTokenSeconds ?? lifetimes.refreshToken
  return Math.min(own, client?.limits.refreshTokenSeconds ?? own)
}

/** Accepted difference of clocks, both ways. */
export const skewSeconds = 60

/** Until when a JWT that was issued a moment ago could still be presented. */
export const tokenLifeMostMs = (lifetimes.accessTokenMost + 2 * skewSeconds) * 1_000
