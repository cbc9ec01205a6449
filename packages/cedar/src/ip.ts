import { clip } from './decimal.ts'
import { EvaluationFault } from './errors.ts'

/** An address with its prefix length: one number for IPv4, a bigint for IPv6. */
export type Address = { readonly bits: number | bigint; readonly prefix: number }

const v4Shape = /^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/
const prefixShape = /^(0|[1-9][0-9]{0,2})$/

/** `ip`: an IPv4 or IPv6 address or range; IPv4 embedded in IPv6 notation is refused. Throws `EvaluationFault`. */
export function parseIp(text: string): Address {
  if (text.length > 64) throw failed(text)
  const slash = text.indexOf('/')
  const address = slash === -1 ? text : text.slice(0, slash)
  const v4 = parseV4(address)
  const bits = v4 ?? parseV6(address)
  if (bits === undefined) throw failed(text)
  const most = v4 === undefined ? 128 : 32
  if (slash === -1) return { bits, prefix: most }
  const prefix = text.slice(slash + 1)
  if (!prefixShape.test(prefix) || Number(prefix) > most) throw failed(text)
  return { bits, prefix: Number(prefix) }
}

function parseV4(text: string): number | undefined {
  const found = v4Shape.exec(text)
  if (found === null) return undefined
  let bits = 0
  for (let at = 1; at <= 4; at++) {
    const octet = Number(found[at])
    if (octet > 255) return undefined
    bits = bits * 256 + octet
  }
  return bits
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groups(halves[0] as string)
  const tail = halves.length === 2 ? groups(halves[1] as string) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  let bits = 0n
  for (const group of [...head, ...new Array<number>(missing).fill(0), ...tail]) bits = bits * 65536n + BigInt(group)
  return bits
}

function groups(text: string): number[] | undefined {
  if (text === '') return []
  const found: number[] = []
  for (const group of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
    found.push(Number.parseInt(group, 16))
  }
  return found
}

export const isIpv4 = (ip: Address) => typeof ip.bits === 'number'

/** The address itself decides; a prefix shorter than the block is not the block (the reference looks at the address alone). */
export function isLoopback(ip: Address): boolean {
  return typeof ip.bits === 'number' ? ip.bits >>> 24 === 127 && ip.prefix >= 8 : ip.bits === 1n && ip.prefix === 128
}

export function isMulticast(ip: Address): boolean {
  return typeof ip.bits === 'number'
    ? ip.bits >>> 28 === 14 && ip.prefix >= 4
    : ip.bits >> 120n === 0xffn && ip.prefix >= 8
}

/** True when every address of `ip` lies in `range`. */
export function isInRange(ip: Address, range: Address): boolean {
  if (ip.prefix < range.prefix || typeof ip.bits !== typeof range.bits) return false
  if (range.prefix === 0) return true
  if (typeof ip.bits === 'number') {
    const shift = 32 - range.prefix
    return ip.bits >>> shift === (range.bits as number) >>> shift
  }
  const shift = BigInt(128 - range.prefix)
  return ip.bits >> shift === (range.bits as bigint) >> shift
}

export function formatIp(ip: Address): string {
  if (typeof ip.bits === 'number') {
    const bits = ip.bits
    return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}/${ip.prefix}`
  }
  const hex = ip.bits.toString(16).padStart(32, '0')
  const parts = hex.match(/.{4}/g) as string[]
  return `${parts.map((part) => Number.parseInt(part, 16).toString(16)).join(':')}/${ip.prefix}`
}

const failed = (text: string) =>
  new EvaluationFault(`error while evaluating \`ipaddr\` extension function: invalid IP address: ${clip(text)}`)
