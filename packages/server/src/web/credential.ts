/** An access token as a request carries it. */
export interface Credential {
  readonly isDpop: boolean
  readonly token: string
}

const lengthMost = 8_200
const most = 5_000
const known = new Map<string, Credential>()

/**
 * The access token of an `Authorization` field (RFC 6750 §2.1, RFC 9449 §7.1); undefined where it carries none. A field that comes again
 * gives the very same text, so that tables of tokens know it without going through its letters.
 */
export function readCredential(field: string | undefined): Credential | undefined {
  if (field === undefined) return undefined
  const before = known.get(field)
  if (before !== undefined) return before
  const [, scheme, token] = /^(Bearer|DPoP) +(\S+)$/i.exec(field) ?? []
  if (scheme === undefined || token === undefined) return undefined
  const credential = { isDpop: scheme.toLowerCase() === 'dpop', token }
  // What is no JWT is somebody's lasting secret: it does not stay here.
  if (field.length > lengthMost || !token.startsWith('eyJ')) return credential
  if (known.size >= most) known.delete(known.keys().next().value as string)
  known.set(field, credential)
  return credential
}
