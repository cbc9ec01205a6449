import { networkOf } from '#authentication'
import type { FeedEvent } from '#feed'

/** What many at once is a sign of: identities are being taken over. */
export const signs = ['contained', 'token_reuse', 'guessed', 'one_network'] as const
export type Sign = (typeof signs)[number]

/** A principal that a sign is about. */
export interface Suspect {
  readonly type: string
  readonly id: string
  readonly atMs: number
  /** Where it was signed in from: an address, or the /64 of one. */
  readonly network?: string
}

type Told = Pick<FeedEvent, 'type' | 'atMs' | 'organizationId' | 'object' | 'actor' | 'address' | 'data'>

export const hourMs = 3_600_000
const quarterMs = 900_000
/** Suspects of one sign, networks, and accounts of one network that are remembered: an attacker must not fill the memory. */
const most = 10_000

/**
 * Counts, from what the feed tells, the different principals of the last hour that
 * - `contained`: somebody contained, or whose tokens were all revoked;
 * - `token_reuse`: had a code or refresh token that came a second time;
 * - `guessed`: were signed in to, by a password alone and from a browser they had never used, from a network that was failing with
 *   many accounts, or with another account of an organization that is sprayed;
 * - `one_network`: were signed in to in that way from one network within a quarter of an hour.
 * No I/O; each node counts alike.
 */
export class Signs {
  readonly #suspects = new Map<Sign, Map<string, Suspect>>(signs.map((sign) => [sign, new Map()]))
  readonly #stuffed = new Map<string, number>()
  readonly #sprayed = new Map<string, number>()
  /** By network, the accounts that failed or were signed in to from there, and when last. */
  readonly #failed = new Map<string, Map<string, number>>()
  readonly #entered = new Map<string, Map<string, number>>()

  take({ type, atMs, organizationId, object, actor, address, data }: Told): void {
    if (type === 'tokens.principal_contained' || (type === 'tokens.revoked' && isPrincipal(object.type)))
      this.#suspect('contained', { type: object.type, id: object.id, atMs })
    else if (type === 'tokens.grant_revoked') {
      const { reason, subject } = data as { reason: string; subject?: string }
      if (reason === 'reuse_detected') this.#suspect('token_reuse', { type: 'User', id: subject ?? object.id, atMs })
    } else if (type === 'authentication.stuffing_suspected')
      keep(this.#stuffed, (data as { network: string }).network, atMs)
    else if (type === 'authentication.spraying_suspected' && organizationId !== undefined)
      keep(this.#sprayed, organizationId, atMs)
    else if (type === 'authentication.rejected' && address !== undefined)
      within(this.#failed, networkOf(address), object.id, atMs)
    else if (type === 'authentication.signed_in' && address !== undefined && actor.id !== undefined)
      if (isGuessable(data))
        this.#entry({ type: 'User', id: actor.id, atMs, network: networkOf(address) }, organizationId)
  }

  #entry(suspect: Suspect & { network: string }, organizationId: string | undefined): void {
    const { network, id, atMs } = suspect
    const lately = (when: number | undefined) => when !== undefined && atMs - when < hourMs
    const others = [...(this.#failed.get(network) ?? [])].some(([account, when]) => account !== id && lately(when))
    const sprayed = organizationId !== undefined && lately(this.#sprayed.get(organizationId)) && others
    if (lately(this.#stuffed.get(network)) || sprayed) this.#suspect('guessed', suspect)
    const entered = within(this.#entered, network, id, atMs)
    for (const [account, when] of entered) if (atMs - when >= quarterMs) entered.delete(account)
    const counted = this.#suspects.get('one_network') as Map<string, Suspect>
    // The largest network is what counts: those of another, smaller one are no sign beside it.
    if (entered.size < [...counted.values()].filter((it) => atMs - it.atMs < hourMs).length) return
    counted.clear()
    for (const [account, when] of entered) counted.set(account, { type: 'User', id: account, atMs: when, network })
  }

  #suspect(sign: Sign, suspect: Suspect): void {
    keep(this.#suspects.get(sign) as Map<string, Suspect>, suspect.id, suspect)
  }

  /** Whom a sign is about, within the last hour, the newest first. */
  of(sign: Sign, nowMs: number): Suspect[] {
    const found = [...(this.#suspects.get(sign) as Map<string, Suspect>).values()]
    return found.filter(({ atMs }) => nowMs - atMs < hourMs).sort((a, b) => b.atMs - a.atMs)
  }
}

const isPrincipal = (type: string) => type === 'User' || type === 'Machine'

/** By a password alone, from a browser that this person had never signed in with. */
function isGuessable(data: unknown): boolean {
  const { methods, newDevice } = data as { methods: readonly string[]; newDevice?: boolean }
  return newDevice === true && methods.length > 0 && methods.every((method) => method === 'pwd')
}

/** Sets, the newest last; the oldest make room. */
function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  if (map.size >= most) map.delete(map.keys().next().value as string)
  map.set(key, value)
}

function within(map: Map<string, Map<string, number>>, network: string, account: string, atMs: number) {
  const accounts = map.get(network) ?? new Map<string, number>()
  keep(accounts, account, atMs)
  keep(map, network, accounts)
  return accounts
}
