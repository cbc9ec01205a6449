import type { Problems } from '../values/problems.ts'
import type { ApplicationKind } from './application.ts'

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

function isLoopback(url: URL): boolean {
  return loopback.has(url.hostname) || url.hostname.endsWith('.localhost')
}

/** What is wrong with an address that people's browsers are sent to, or undefined. Compared by exact text (RFC 9700 §2.1). */
function wrongWith(text: string, kind: ApplicationKind): string | undefined {
  if (text.length > 2_048) return 'must have at most 2048 characters'
  if (/[^\x21-\x7e]|[\\"<>^`{|}]/.test(text)) return 'must be a URI of visible ASCII characters'
  if (text.includes('*')) return 'must not have wildcards'
  if (text.includes('#')) return 'must not have a fragment (RFC 6749 3.1.2)'
  const url = URL.parse(text)
  if (url === null) return 'must be an absolute URI'
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
  const canonical = url.href === text || (url.pathname === '/' && url.href === `${text}/`)
  if (url.protocol === 'https:' || url.protocol === 'http:') {
    if (!canonical) return `must be written in its normal form, ${url.href}`
    if (url.protocol === 'http:' && !isLoopback(url)) return 'must be https: plain http is for loopback only'
    return undefined
  }
  // A private-use scheme is a domain name turned round, under its owner's control (RFC 8252 §7.1).
  if (kind === 'native' && /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:\/(?!\/)[^/]?/.test(text)) return undefined
  return kind === 'native'
    ? 'must be https, http on loopback, or a private-use scheme such as com.example.app:/callback'
    : 'must be https, or http on loopback'
}

/** Redirect and post-logout addresses: at most 50, all different. */
export function parseRedirectUris(
  problems: Problems,
  pointer: string,
  given: readonly string[],
  kind: ApplicationKind,
): readonly string[] {
  problems.check(given.length <= 50, pointer, 'must have at most 50 items')
  problems.check(new Set(given).size === given.length, pointer, 'must have no item twice')
  for (const [at, text] of given.entries()) {
    const wrong = wrongWith(text, kind)
    if (wrong !== undefined) problems.add(`${pointer}/${at}`, wrong)
  }
  return given
}

/** An origin in the form that browsers send it (RFC 6454 §6.1): scheme, host, port unless it is the default one. */
export function parseOrigins(problems: Problems, pointer: string, given: readonly string[]): readonly string[] {
  problems.check(given.length <= 50, pointer, 'must have at most 50 items')
  problems.check(new Set(given).size === given.length, pointer, 'must have no item twice')
  for (const [at, text] of given.entries()) {
    const url = text.length <= 300 ? URL.parse(text) : null
    const place = `${pointer}/${at}`
    if (url === null || url.origin !== text) {
      problems.add(place, 'must be an origin such as https://docs.example.com, without path or default port')
    } else if (text.includes('*')) problems.add(place, 'must not have wildcards')
    else if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url))) {
      problems.add(place, 'must be https: plain http is for loopback only')
    }
  }
  return given
}
