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

/** Accepted difference of clocks, both ways. */
export const skewSeconds = 60

/** Until when a JWT that was issued a moment ago could still be presented. */
export const tokenLifeMostMs = (lifetimes.accessTokenMost + 2 * skewSeconds) * 1_000
