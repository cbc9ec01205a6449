import { type Clock, type Entropy, isId, randomToken } from '#kernel'
import type { Storage } from '#storage'
import { type ActClaim, actorsOf } from '../exchange/act-chain.ts'
import type { ClientCache } from '../oidc/clients.ts'
import { skewSeconds } from '../oidc/lifetimes.ts'
import { signJwt } from '../oidc/sign-jwt.ts'
import type { Signer } from '../oidc/signing.ts'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import { StatusBits } from './bits.ts'
import { readStatusList, type StatusPlace } from './status-entry.store.ts'

export const statusListPath = '/status-lists'
export const statusListType = 'application/statuslist+jwt'

/** Places of one list; at most half of them are taken, so that a free one is found by a few throws. */
const placesMost = 2 ** 17
/** For how long one list takes tokens in: what is issued by one node in an hour stands together. */
const periodMs = 3_600_000
/** Seconds that a copy may be used before a fresh one is asked for, and until it counts for nothing. */
export const statusListSeconds = { ttl: 60, life: 600 } as const
/** Least time between two makings of one list, and how many times as long as its making took: anybody may ask, as often as they like. */
const makeEveryMs = 1_000
const restTimes = 20
const cachedMost = 1_000

interface Made {
  readonly jwt: string
  readonly atMs: number
  /** Until then this one is served, whatever has been revoked. */
  readonly restsUntilMs: number
  /** Of the revocation set that it was made from. */
  readonly generation: number
}

export interface StatusListDeps {
  readonly url: string
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly signer: Signer
  readonly clients: Pick<ClientCache, 'find'>
  readonly revocations: RevocationSet
}

/**
 * Token Status Lists (draft-ietf-oauth-status-list): where an application wants it, each access token for it names a random place in a
 * list that says, signed and for everybody to fetch, which of them have been revoked. A list is made from the same revocation set that
 * decides everywhere else.
 */
export class StatusLists {
  readonly #deps: StatusListDeps
  readonly #made = new Map<string, Made>()
  readonly #making = new Map<string, Promise<Made | undefined>>()
  #open: { readonly id: string; readonly taken: StatusBits; readonly sinceMs: number; count: number } | undefined

  constructor(deps: StatusListDeps) {
    this.#deps = deps
  }

  /** A place for a token for this audience; undefined where the application does not want any. */
  async placeFor(audience: string): Promise<StatusPlace | undefined> {
    if (!isId('app', audience)) return undefined
    const reader = await this.#deps.clients.find(audience)
    return reader?.oauth.statusList === true ? this.#take() : undefined
  }

  /** The claim of a token at this place (§6.2). */
  claimOf({ list, index }: StatusPlace): { status: { status_list: { idx: number; uri: string } } } {
    return { status: { status_list: { idx: index, uri: this.#uriOf(list) } } }
  }

  #uriOf = (list: string) => `${this.#deps.url}${statusListPath}/${list}`

  #take(): StatusPlace {
    const { clock, entropy } = this.#deps
    const nowMs = clock.nowMs()
    let open = this.#open
    if (open === undefined || nowMs - open.sinceMs >= periodMs || open.count >= placesMost / 2) {
      open = { id: randomToken(entropy, 16), taken: new StatusBits(placesMost), sinceMs: nowMs, count: 0 }
      this.#open = open
    }
    // A place tells nothing of when or in which order its token was issued (§12.4).
    for (;;) {
      const [a = 0, b = 0, c = 0] = entropy.bytes(3)
      const index = ((a << 16) | (b << 8) | c) & (placesMost - 1)
      if (open.taken.has(index)) continue
      open.taken.set(index)
      open.count++
      return { list: open.id, index }
    }
  }

  /** The signed list; undefined when there is none of this id. */
  async find(list: string): Promise<string | undefined> {
    const made = this.#made.get(list)
    const nowMs = this.#deps.clock.nowMs()
    if (made !== undefined && nowMs >= made.atMs && nowMs < made.restsUntilMs) return made.jwt
    const isCurrent = made?.generation === this.#deps.revocations.generation
    if (made !== undefined && isCurrent && nowMs - made.atMs < (statusListSeconds.ttl / 2) * 1_000) return made.jwt
    const running = this.#making.get(list) ?? this.#make(list, nowMs).finally(() => this.#making.delete(list))
    this.#making.set(list, running)
    return (await running)?.jwt
  }

  async #make(list: string, nowMs: number): Promise<Made | undefined> {
    const { storage, revocations, signer, url } = this.#deps
    const { generation } = revocations
    const startedAt = performance.now()
    const entries = await readStatusList(storage.db, list, nowMs - skewSeconds * 1_000)
    if (entries === undefined) {
      this.#made.delete(list)
      return undefined
    }
    const bits = new StatusBits(placesMost)
    for (const entry of entries) if (revocations.covers(entry)) bits.set(entry.index)
    const iat = Math.floor(nowMs / 1_000)
    const { ttl, life } = statusListSeconds
    const status_list = { bits: 1, lst: bits.encode() }
    const jwt = signJwt(
      signer,
      { typ: 'statuslist+jwt' },
      { iss: url, sub: this.#uriOf(list), iat, exp: iat + life, ttl, status_list },
    )
    const restMs = Math.max(makeEveryMs, restTimes * (performance.now() - startedAt))
    const restsUntilMs = nowMs + Math.min(restMs, (statusListSeconds.ttl / 2) * 1_000)
    const made = { jwt, atMs: nowMs, restsUntilMs, generation }
    if (this.#made.size >= cachedMost) this.#made.delete(this.#made.keys().next().value as string)
    this.#made.set(list, made)
    return made
  }
}

/** A place with what its token hangs on beyond what every artifact says. */
export function hangOn(place: StatusPlace, claims: Readonly<Record<string, unknown>>): StatusPlace {
  const { org, act, src } = claims as { org?: string; act?: ActClaim; src?: readonly string[] }
  return { ...place, organizationId: org, actors: actorsOf(act), sources: src }
}
