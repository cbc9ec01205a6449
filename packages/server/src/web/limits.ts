import { type Clock, Fault } from '#kernel'
import './faults.ts'

/**
 * Token buckets by key: `capacity` at once, then `perSecond`. The least recently used keys are forgotten beyond `keysMost`,
 * so an attacker with many addresses costs bounded memory.
 */
export class RateLimit {
  readonly #options: { clock: Clock; capacity: number; perSecond: number; keysMost?: number }
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor(options: { clock: Clock; capacity: number; perSecond: number; keysMost?: number }) {
    this.#options = options
  }

  /** Takes one token of `key`. @throws {Fault} `web.rate_limited` (429) with Retry-After */
  take(key: string): void {
    const { waitSeconds } = this.charge(key)
    if (waitSeconds > 0) throw new Fault('web.rate_limited', { retryAfterSeconds: waitSeconds })
  }

  /** Takes one token of `key` if there is one; otherwise says after how many seconds (1 or more) there will be. */
  charge(key: string): { readonly remaining: number; readonly waitSeconds: number } {
    const { clock, capacity, perSecond, keysMost = 50_000 } = this.#options
    const nowMs = clock.nowMs()
    const before = this.#buckets.get(key)
    const gained = before === undefined ? capacity : (Math.max(0, nowMs - before.atMs) / 1_000) * perSecond
    const tokens = Math.min(capacity, (before?.tokens ?? 0) + gained)
    const left = tokens >= 1 ? tokens - 1 : tokens
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: left, atMs: nowMs })
    if (this.#buckets.size > keysMost) this.#buckets.delete(this.#buckets.keys().next().value as string)
    if (tokens >= 1) return { remaining: Math.floor(left), waitSeconds: 0 }
    return { remaining: 0, waitSeconds: Math.max(1, Math.ceil((1 - tokens) / perSecond)) }
  }

  /** Fills the bucket of `key` again, as after a success. */
  forget(key: string): void {
    this.#buckets.delete(key)
  }
}

/** The key of an address for a limit: an IPv4 address, or the /64 that one IPv6 customer holds. */
export function addressKey(address: string | undefined): string {
  if (address === undefined || !address.includes(':')) return address ?? 'unknown'
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped !== null) return mapped[1] as string
  const [head = '', tail] = address.toLowerCase().split('%')[0]!.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
