import type { Clock } from './clock.ts'
import type { Entropy } from './entropy.ts'

declare const brand: unique symbol
/** A TypeID: `prefix_` and 26 characters of Crockford base32 that hold a UUIDv7 (RFC 9562 §5.7). */
export type Id<Prefix extends string> = string & { readonly [brand]: Prefix }

export type OrganizationId = Id<'org'>
export type UserId = Id<'user'>
export type GroupId = Id<'group'>
export type MachineId = Id<'machine'>
export type ApplicationId = Id<'app'>
export type GrantId = Id<'grant'>

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const shape = /^[a-z]{1,20}_[0-7][0-9a-hjkmnp-tv-z]{25}$/

/** Makes a new id; ids made later sort later, by the millisecond. */
export function newId<const Prefix extends string>(
  prefix: Prefix,
  deps: { clock: Clock; entropy: Entropy },
): Id<Prefix> {
  const random = deps.entropy.bytes(10)
  let value = BigInt(deps.clock.nowMs())
  value = (value << 4n) | 7n
  value = (value << 12n) | BigInt(((random[0]! & 0x0f) << 8) | random[1]!)
  value = (value << 2n) | 2n
  let low = 0n
  for (let index = 2; index < 10; index++) low = (low << 8n) | BigInt(random[index]!)
  value = (value << 62n) | (low & 0x3fff_ffff_ffff_ffffn)
  let text = ''
  for (let index = 0; index < 26; index++) {
    text = alphabet[Number(value & 31n)] + text
    value >>= 5n
  }
  return `${prefix}_${text}` as Id<Prefix>
}

/** Whether `text` has the shape of an id with this prefix; says nothing about existence. */
export function isId<const Prefix extends string>(prefix: Prefix, text: unknown): text is Id<Prefix> {
  return (
    typeof text === 'string' && text.length === prefix.length + 27 && text.startsWith(`${prefix}_`) && shape.test(text)
  )
}
