import { GatehouseError } from '../errors.ts'

/**
 * The address that clients use for this request, which proofs of possession name (RFC 9449 §4.3). With a base address it is made from
 * that; a `Host` header that a client chose decides nothing then.
 */
export function addressOf(base: string | undefined, origin: () => string, target: string): string {
  const url = URL.parse(target, base ?? origin())
  if (url === null) throw new GatehouseError('request.invalid', 'The request has no address')
  return base === undefined ? url.href : `${base.replace(/\/$/, '')}${url.pathname}`
}
