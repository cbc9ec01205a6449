/** Members that hold a secret whatever room records them. Rooms record none; this holds where one slips. */
const sensitive = [
  'password',
  'passphrase',
  'secret',
  'clientSecret',
  'client_secret',
  'accessToken',
  'access_token',
  'refreshToken',
  'refresh_token',
  'idToken',
  'id_token',
  'privateKey',
  'private_key',
  'authorization',
  'cookie',
  'otp',
  'pin',
]
const names = new Set(sensitive)
const some = new RegExp(`"(?:${sensitive.join('|')})":`)

/** What stands in the place of a masked value. */
export const maskedValue = '[masked]'

/** JSON of an event's details with the values of sensitive members masked, at any depth. */
export function toMaskedJson(value: unknown): string {
  const text = JSON.stringify(value)
  // Hardly ever: reading it over costs little, taking it apart is for what has one.
  if (!some.test(text)) return text
  return JSON.stringify(JSON.parse(text), (name, inner: unknown) =>
    names.has(name) && inner !== null && typeof inner !== 'boolean' ? maskedValue : inner,
  )
}
