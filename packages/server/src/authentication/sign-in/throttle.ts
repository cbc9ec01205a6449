import { createHash } from 'node:crypto'
import type { Storage, Tx } from '#storage'
import { blockUntil, clearAttempts, countAttempt, findBlockedUntil } from './throttle.store.ts'

/** How many tries are free, and the longest wait after them. */
interface Rule {
  readonly free: number
  readonly longestMs: number
}

const rules = {
  /** Somebody on browsers that this person has not used: attackers, and the person on a new one. */
  account: { free: 5, longestMs: 60_000 },
  /** A browser this person has signed in with: what others do elsewhere does not slow it. */
  device: { free: 10, longestMs: 60_000 },
  /** One address trying many people. Offices share one, so it is generous. */
  address: { free: 30, longestMs: 30_000 },
  /** The same while the account's organization is attacked, for addresses that its people have not come from. */
  strangeAddress: { free: 5, longestMs: 60_000 },
} as const satisfies Record<string, Rule>

/** Counts outlive the process; what the machine's power takes with it helps nobody to guess. */
const lazily = { lazily: true }
const forgetAfterMs = 15 * 60_000

export interface Trying {
  /** The user's id, or for a name that nobody has a hash of it: both are slowed alike. */
  readonly account: string
  readonly address: string | undefined
  /** The hash of the token of a browser that this person has signed in with. */
  readonly device: string | undefined
  /** Whether the organization is attacked and none of its people comes from this address. */
  readonly strange?: boolean
}

const hash = (kind: string, value: string) => createHash('sha256').update(`${kind}:${value}`).digest('hex')

/** IPv6 by its /64, which is what one customer has. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  return [...left, ...middle, ...right]
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':')
}

function keysOf(trying: Trying): readonly (readonly [string, Rule])[] {
  if (trying.device !== undefined) return [[hash('device', `${trying.account}:${trying.device}`), rules.device]]
  const account = [hash('account', trying.account), rules.account] as const
  if (trying.address === undefined) return [account]
  const rule = trying.strange ? rules.strangeAddress : rules.address
  return [account, [hash('address', networkOf(trying.address)), rule]]
}

/**
 * Slows down guessing, for an account, for an address and, by giving strange addresses less, for an organization that is
 * attacked; by waits that grow to a minute and no further. INVARIANT: nobody is locked out: known browsers count apart,
 * passkeys cannot be guessed and are never slowed, and nobody uses up what another address has.
 */
export class Throttle {
  readonly #storage: Storage
  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Counts a try. @returns milliseconds to wait when it may not be made now, else 0 */
  async take(trying: Trying, nowMs: number): Promise<number> {
    const keys = keysOf(trying)
    return this.#storage.transact(async (tx) => {
      const until = await findBlockedUntil(
        tx,
        keys.map(([key]) => key),
        nowMs,
      )
      if (until > nowMs) return until - nowMs
      for (const [key, rule] of keys) {
        const tries = await countAttempt(tx, key, nowMs, nowMs + forgetAfterMs)
        const beyond = tries - rule.free
        if (beyond >= 0) await blockUntil(tx, key, nowMs + Math.min(1_000 * 2 ** beyond, rule.longestMs))
      }
      return 0
    }, lazily)
  }

  /** Milliseconds to wait, where only failures are counted, by `take` when they happen. */
  async wait(trying: Trying, nowMs: number): Promise<number> {
    const keys = keysOf(trying).map(([key]) => key)
    return Math.max(0, (await findBlockedUntil(this.#storage.db, keys, nowMs)) - nowMs)
  }

  /** Forgets the tries of who got in. The address keeps its count: one right password does not excuse a hundred others. */
  async clear(tx: Tx, trying: Trying): Promise<void> {
    const own = keysOf({ ...trying, address: undefined }).map(([key]) => key)
    await clearAttempts(tx, own)
  }
}
