import { domainToASCII } from 'node:url'
import type { Problems } from './problems.ts'

const domainShape = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const localShape = /^(?=.{1,64}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/

/** A domain name of at least two labels, in lower case and ASCII (IDNA A-labels); undefined when it is none. */
export function normaliseDomain(text: string): string | undefined {
  if (text.length > 253 || /[%\s]/.test(text)) return undefined
  const domain = domainToASCII(text)
  // The last label of a host name is never all digits (RFC 3696 §2): that would be an IPv4 address.
  return domainShape.test(domain) && !/\.\d+$/.test(domain) ? domain : undefined
}

export function parseDomain(problems: Problems, pointer: string, text: string): string {
  const domain = normaliseDomain(text)
  problems.check(domain !== undefined, pointer, 'must be a domain name such as example.com')
  return domain ?? ''
}

/**
 * An e-mail address (RFC 5321 §4.1.2, dot-string local part, no literal): the domain normalised, the local part as given.
 * Two addresses are the same when `emailKey` is.
 */
export function parseEmail(problems: Problems, pointer: string, text: string): string {
  const at = text.lastIndexOf('@')
  const local = text.slice(0, Math.max(at, 0))
  const domain = normaliseDomain(text.slice(at + 1))
  const right = at > 0 && text.length <= 254 && localShape.test(local) && domain !== undefined
  problems.check(right, pointer, 'must be an e-mail address such as alice@example.com')
  return right ? `${local}@${domain}` : ''
}

/** What e-mail addresses are compared by: everything in lower case, as mail systems in use do. */
export function emailKey(email: string): string {
  return email.toLowerCase()
}

/** The normalised domain of what looks like an e-mail address. */
export function domainOfEmail(text: string): string | undefined {
  const at = text.lastIndexOf('@')
  return at < 1 ? undefined : normaliseDomain(text.slice(at + 1))
}
