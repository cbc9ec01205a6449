import type { EntityUid } from '#authorization'
import type { Feed } from '#feed'
import { type Clock, isFault, isId } from '#kernel'
import type { ConsistencyToken, Storage } from '#storage'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import type { AccessTokenClaims } from '../verify/verify-access-token.ts'
import { findApiKey, type HashedApiKey, listLiveApiKeys, markUsed } from './api-key.store.ts'
import { type ApiKey, ownApi } from './api-key.ts'
import { apiKeyPrefix, hashOfApiKey, isApiKeyShaped } from './format.ts'

/** A key speaks as an access token would; which key it was stands beside. */
export interface ApiKeyClaims extends AccessTokenClaims {
  readonly apiKey: ApiKey
  /** The only ones that it is for. */
  readonly actions?: readonly string[]
}

export interface ApiKeySetDeps {
  readonly issuer: string
  readonly storage: Storage
  readonly clock: Clock
  readonly revocations: RevocationSet
  /** Whether a person or machine is active in an active organization, as the snapshot says. No I/O. */
  readonly isActive: (principal: EntityUid) => boolean
  readonly onError: (where: string, error: unknown) => void
}

const settleMs = 2_000
/** The change is made, and every node hears of it by the feed. */
const ignoreLate = (error: unknown) => {
  if (!isFault(error, 'feed.behind')) throw error
}
const pageRows = 1_000
/** How often uses are written down, and how far apart those of one key: a use costs no write. */
const writeEveryMs = 60_000
const usesApartMs = 15 * 60_000

/**
 * Every API key in force, by its hash, in memory: it follows the feed, so that a check costs one hash and one look-up, for a key that is
 * known as for one that is not, and no read of the database.
 */
export class ApiKeySet {
  readonly #deps: ApiKeySetDeps
  readonly #byHash = new Map<string, ApiKey>()
  readonly #hashOf = new Map<string, string>()
  /** Uses that are not written down yet, and when each key's last was. */
  readonly #used = new Map<string, number>()
  readonly #written = new Map<string, number>()

  #settled: (at: ConsistencyToken) => Promise<void> = async () => undefined

  private constructor(deps: ApiKeySetDeps) {
    this.#deps = deps
  }

  static async open(deps: ApiKeySetDeps, feed: Feed): Promise<ApiKeySet> {
    const set = new ApiKeySet(deps)
    const { db } = deps.storage
    // INVARIANT: what changes after this mark comes by the feed; what changed before it is read below.
    const { position } = await deps.storage.readMark()
    for (let after = ''; ; ) {
      const some = await listLiveApiKeys(db, after, pageRows, deps.clock.nowMs())
      for (const one of some) set.#put(one)
      if (some.length < pageRows) break
      after = (some.at(-1) as HashedApiKey).key.id
    }
    const follower = await feed.follow({
      name: 'tokens.api-keys',
      after: position,
      handle: async (events) => {
        const changed = new Set(
          events
            .map(({ object }) => object)
            .filter(isKey)
            .map(({ id }) => id),
        )
        for (const id of changed) {
          const found = await findApiKey(db, id)
          if (found === undefined || found.key.revokedAtMs !== undefined) set.#forget(id)
          else set.#put(found)
        }
      },
    })
    set.#settled = (at) => feed.waitFor(follower, at, settleMs).catch(ignoreLate)
    return set
  }

  /** Resolves once this node has a change, or after two seconds: others are not waited for. */
  settled(at: ConsistencyToken): Promise<void> {
    return this.#settled(at)
  }

  claims(text: string): boolean {
    return text.startsWith(apiKeyPrefix)
  }

  knows(text: string): boolean {
    return this.find(text) !== undefined
  }

  get size(): number {
    return this.#byHash.size
  }

  #put({ key, hash }: HashedApiKey): void {
    this.#byHash.set(hash, key)
    this.#hashOf.set(key.id, hash)
    if (key.usedAtMs !== undefined) this.#written.set(key.id, key.usedAtMs)
  }

  #forget(id: string): void {
    this.#byHash.delete(this.#hashOf.get(id) ?? '')
    for (const map of [this.#hashOf, this.#used, this.#written]) map.delete(id)
  }

  /** The key, when it is in force here and now, its owner too; wherever it counts. */
  find(text: string): ApiKey | undefined {
    if (!isApiKeyShaped(text)) return undefined
    const key = this.#byHash.get(hashOfApiKey(text))
    const nowMs = this.#deps.clock.nowMs()
    return key !== undefined && nowMs < key.expiresAtMs && this.#isOwnerActive(key) ? key : undefined
  }

  /**
   * The claims of a key that counts now at this audience (an application's id, or the issuer for our own API), as those of an access
   * token; undefined for any other text. No I/O.
   */
  verify(text: string, audience: string): ApiKeyClaims | undefined {
    const key = this.find(text)
    if (key === undefined) return undefined
    const { issuer } = this.#deps
    const place = audience === issuer ? ownApi : audience
    if (!(key.applications as readonly string[]).includes(place)) return undefined
    this.#used.set(key.id, this.#deps.clock.nowMs())
    return {
      iss: issuer,
      sub: key.owner,
      aud: audience,
      client_id: key.id,
      jti: key.id,
      iat: Math.floor(key.issuedAtMs / 1_000),
      exp: Math.floor(key.expiresAtMs / 1_000),
      org: key.organizationId,
      ...(key.scopes.length > 0 && { scope: key.scopes.join(' '), actions: key.scopes }),
      apiKey: key,
    }
  }

  // Whoever comes back after a suspension has the keys again; deactivation ends them for good (`end-api-keys.ts`).
  #isOwnerActive({ owner, organizationId }: ApiKey): boolean {
    const { revocations, isActive } = this.#deps
    if (revocations.bars('principal', owner) || revocations.bars('organization', organizationId)) return false
    return isActive({ type: isId('user', owner) ? 'User' : 'Machine', id: owner })
  }

  /** Writes down the uses since the last time, at most one a key in a quarter of an hour. */
  async writeUses(): Promise<void> {
    const due = [...this.#used].filter(([id, atMs]) => atMs - (this.#written.get(id) ?? 0) >= usesApartMs)
    this.#used.clear()
    for (let at = 0; at < due.length; at += pageRows) {
      const some = due.slice(at, at + pageRows)
      await this.#deps.storage.transact(async (tx) => {
        for (const [id, atMs] of some) await markUsed(tx, id, atMs)
      })
      for (const [id, atMs] of some) if (this.#hashOf.has(id)) this.#written.set(id, atMs)
    }
  }

  /** Drops those that have expired, and writes uses every minute. @returns what stops it, with a last writing */
  run(): { stop(): Promise<void> } {
    const { clock, onError } = this.#deps
    const write = () => this.writeUses().catch((error) => onError('uses of API keys', error))
    const timer = setInterval(() => {
      const nowMs = clock.nowMs()
      for (const { id, expiresAtMs } of this.#byHash.values()) if (expiresAtMs <= nowMs) this.#forget(id)
      void write()
    }, writeEveryMs)
    timer.unref()
    return {
      stop: async () => {
        clearInterval(timer)
        await write()
      },
    }
  }
}

const isKey = ({ type }: { readonly type: string }) => type === 'Gatehouse::ApiKey'
