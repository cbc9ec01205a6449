/** Bytes that mean another path to some server behind the gateway: they must not be left to its taste. */
const ambiguous = /%(?:2f|5c|25|3b|7f|[01][0-9a-f])|[^\x21-\x7e]|[\\;]/i
const unreserved = /^[A-Za-z0-9._~-]$/

/**
 * The path of a request target, normalised once: `%`-encoding of unreserved characters undone, of others in upper case
 * (RFC 3986 §6.2.2), the query left out. Undefined for a path that services read in different ways (dot segments, empty
 * segments, encoded slashes, backslashes, percent signs, semicolons, which some take for the start of parameters (RFC 3986 §3.3),
 * control characters, bytes that must be encoded): it is refused, not guessed at.
 */
export function normalisePath(target: string): string | undefined {
  const end = target.search(/[?#]/)
  const raw = end === -1 ? target : target.slice(0, end)
  if (!raw.startsWith('/') || raw.length > 4_096 || ambiguous.test(raw) || /%(?![0-9a-f]{2})/i.test(raw))
    return undefined
  const path = raw.replace(/%[0-9a-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
    return unreserved.test(character) ? character : encoded.toUpperCase()
  })
  const segments = path.slice(1).split('/')
  const bad = segments.some((segment, at) => {
    const isLast = at === segments.length - 1
    return segment === '.' || segment === '..' || (segment === '' && !isLast)
  })
  return bad ? undefined : path
}

/** A segment as the text it stands for; undefined when its bytes are no UTF-8. */
export function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
