import type { Feed } from '#feed'
import { type Act, type Clock, type Entropy, Fault, type Meter } from '#kernel'
import type { Storage } from '#storage'
import type { PublicJwk } from './algorithms.ts'
import { DataKeys } from './data-keys.ts'
import { type NamedKey, namedPurpose, openNamedKey } from './named-keys.ts'
import type { SigningTokenOptions } from './pkcs11/signing-token.ts'
import { allPurposes, definePurposes } from './purposes.ts'
import type { SigningAlgorithm } from './signing-key.store.ts'
import { type RotationTimes, type SigningKeyInfo, SigningKeys, signingPurpose } from './signing-keys.ts'

definePurposes({
  [signingPurpose]: 'Private signing keys',
  [namedPurpose]: 'Private keys that are the identity of something',
})

const hourMs = 3_600_000
export const defaultTimes: RotationTimes = {
  publishForMs: hourMs,
  retireAfterMs: 48 * hourMs,
  rotateEveryMs: 30 * 24 * hourMs,
}

export interface KeyringDeps {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  /** Made with mode 0600 at the first start; see `readRootKeys` for its form. */
  readonly rootKeyFile: string
  /** Algorithms that have a key from the first start. Default: ES256. */
  readonly algorithms?: readonly SigningAlgorithm[]
  readonly times?: RotationTimes
  /** A PKCS#11 token in which private signing keys are made from now on. Default: they are sealed in the database. */
  readonly token?: SigningTokenOptions | undefined
  readonly onError: (where: string, error: unknown) => void
}

export interface RotateOptions {
  readonly algorithm?: SigningAlgorithm
  /** The new key signs at once, before verifiers that cache the key set have seen it. */
  readonly atOnce?: boolean
  /** With `atOnce`: the replaced key stops verifying too. For a key that was stolen; every token it signed dies. */
  readonly forget?: boolean
}

/** Root key, data keys and signing keys. INVARIANT: nothing here returns a private or symmetric key. */
export interface Keyring {
  /**
   * Seals bytes (AES-256-GCM under the purpose's newest data key). `context` names the place they are for, such as a row's id:
   * sealed bytes moved elsewhere do not open. Synchronous, so it may stand in a transaction.
   * @throws {TypeError} for a purpose that no room has registered with `definePurposes`
   */
  seal(purpose: string, plain: Uint8Array, context?: string): Uint8Array
  /** @throws {Fault} `keyring.sealed_invalid` when the bytes, the purpose or the context are not what was sealed */
  unseal(purpose: string, sealed: Uint8Array, context?: string): Promise<Uint8Array>
  /** Whether an older data key sealed these: seal them again when convenient. */
  isStale(purpose: string, sealed: Uint8Array): boolean
  /** The public key set: announced, active and retiring keys (RFC 7517). */
  signingKeys(): readonly PublicJwk[]
  /** The key that signs. @throws {Fault} `keyring.no_active_key` */
  activeKey(algorithm: SigningAlgorithm): PublicJwk
  /** A JWS signature (RFC 7518 §3). @throws {Fault} `keyring.key_unknown` */
  sign(kid: string, data: Uint8Array): Uint8Array
  /** False also for an unknown or retired key. */
  verify(kid: string, data: Uint8Array, signature: Uint8Array): boolean
  /** A lasting Ed25519 key by name, made when there is none; not in the key set. */
  namedKey(name: string): Promise<NamedKey>
  listKeys(): readonly SigningKeyInfo[]
  /** Makes the next signing key; see `RotateOptions`. @throws {Fault} `keyring.rotation_running` */
  rotate(act: Act, options?: RotateOptions): Promise<SigningKeyInfo>
  /** Makes a key of this algorithm that signs at once, unless there is one already. */
  ensure(algorithm: SigningAlgorithm): Promise<void>
  /** New data keys for every purpose; private signing keys are sealed again. */
  rotateDataKeys(act: Act): Promise<void>
  /** A new root key in the file; every data key is wrapped again. On several nodes see `docs/disaster-recovery.md`. */
  rotateRootKey(act: Act): Promise<{ from: string; to: string }>
  /** Moves keys whose time has come and publishes successors; runs by itself every minute. */
  advance(): Promise<number>
  /** Calls back whenever the key set or the active key changed, on whatever node. */
  onChange(listener: () => void): () => void
  close(): Promise<void>
}

/**
 * Opens the keyring: root key, data keys of every registered purpose, one active signing key an algorithm; then follows the
 * feed, so that a rotation on one node is seen by all.
 * @throws {Fault} `keyring.root_key_missing`, `keyring.root_key_wrong`, `keyring.root_key_invalid`
 */
export async function openKeyring(deps: KeyringDeps): Promise<Keyring> {
  const { storage, feed, clock, meter, times = defaultTimes } = deps
  const system: Act = { actor: { type: 'system', name: 'keyring' }, requestId: 'keyring' }
  const begin = (await storage.readMark()).position
  const dataKeys = await DataKeys.open(deps, system, allPurposes().keys())
  // A native library: loaded where there is a token.
  const token = deps.token && (await import('./pkcs11/open-token.ts')).openToken(deps.token)
  const signing = new SigningKeys({ storage, clock, dataKeys, times, token })
  const listeners = new Set<() => void>()
  const load = async () => {
    await dataKeys.reload(storage.db)
    await signing.load()
    for (const listener of listeners) listener()
  }
  await load()
  // An algorithm that somebody used goes on with a new key, where a restore has retired the former.
  const wanted = new Set([...(deps.algorithms ?? (['ES256'] as const)), ...signing.list().map((key) => key.algorithm)])
  for (const algorithm of wanted) {
    if (signing.active(algorithm) !== undefined) continue
    // Another node may have been first: then its key is there to load.
    await signing.rotate(system, algorithm, {}).catch((error) => {
      if (!(error instanceof Fault && error.code === 'keyring.rotation_running')) throw error
    })
    await load()
  }
  const follower = await feed.follow({
    name: 'keyring',
    after: begin,
    handle: async (events) => {
      if (events.some((event) => event.type.startsWith('keyring.'))) await load()
    },
  })
  const advance = async () => {
    const moved = await signing.advance(system)
    if (moved > 0) await load()
    return moved
  }
  await advance()
  const timer = setInterval(() => {
    advance().catch((error) => deps.onError('keyring rotation', error))
  }, 60_000)
  timer.unref()
  meter.gauge('keyring_signing_key_age_seconds', 'Age of the active signing key', ['algorithm'], function () {
    for (const key of signing.list())
      if (key.state === 'active') this.set({ algorithm: key.algorithm }, (clock.nowMs() - key.activatesAtMs) / 1_000)
  })

  return {
    seal: (purpose, plain, context = '') => dataKeys.seal(purpose, context, plain),
    unseal: (purpose, sealed, context = '') => dataKeys.unseal(purpose, context, sealed),
    isStale: (purpose, sealed) => dataKeys.isStale(purpose, sealed),
    signingKeys: () => signing.jwks(),
    activeKey: (algorithm) => {
      const jwk = signing.active(algorithm)
      if (jwk === undefined) throw new Fault('keyring.no_active_key')
      return jwk
    },
    sign: (kid, data) => signing.sign(kid, data),
    verify: (kid, data, signature) => signing.verify(kid, data, signature),
    namedKey: (name) => openNamedKey({ storage, clock, dataKeys }, name),
    listKeys: () => signing.list(),
    rotate: async (act, { algorithm = 'ES256', ...how } = {}) => {
      const made = await signing.rotate(act, algorithm, how)
      await load()
      return made
    },
    ensure: async (algorithm) => {
      if (signing.active(algorithm) !== undefined) return
      await signing.rotate(system, algorithm, {}).catch((error) => {
        if (!(error instanceof Fault && error.code === 'keyring.rotation_running')) throw error
      })
      await load()
    },
    rotateDataKeys: async (act) => {
      await dataKeys.rotate(act)
      await signing.reseal()
      await load()
    },
    rotateRootKey: (act) => dataKeys.rotateRoot(act),
    advance,
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => {
      clearInterval(timer)
      await follower.stop()
      token?.close()
    },
  }
}
