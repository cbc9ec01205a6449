import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { record } from '#feed'
import { type Act, type Clock, Fault } from '#kernel'
import type { Storage, Tx } from '#storage'
import { generateSigningKey, type PublicJwk, signWith, toPublicJwk, verifyWith } from './algorithms.ts'
import type { DataKeys } from './data-keys.ts'
import './events.ts'
import type { SigningToken } from './pkcs11/signing-token.ts'
import {
  insertSigningKey,
  listSigningKeys,
  moveSigningKey,
  resealSigningKey,
  type SigningAlgorithm,
  type SigningKeyRow,
  type SigningKeyState,
} from './signing-key.store.ts'

export const signingPurpose = 'keyring.signing'

export interface RotationTimes {
  /** How long a key is announced before it signs: longer than any verifier caches the key set. */
  readonly publishForMs: number
  /** How long a replaced key stays in the key set: longer than any token it signed lives. */
  readonly retireAfterMs: number
  /** How old an active key grows before `advance` publishes its successor. */
  readonly rotateEveryMs: number
}

/** What is known of a signing key; nothing secret. */
export interface SigningKeyInfo {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly state: SigningKeyState
  readonly createdAtMs: number
  readonly activatesAtMs: number
  readonly retiresAtMs: number | undefined
  readonly revision: number
}

interface LoadedKey {
  readonly row: SigningKeyRow
  readonly jwk: PublicJwk
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject | undefined
  /** The private key's name in the token, where it is kept in one. */
  readonly tokenKey: string | undefined
}

interface Deps {
  readonly storage: Storage
  readonly clock: Clock
  readonly dataKeys: DataKeys
  readonly times: RotationTimes
  /** Where new private keys are made and kept. Default: here, sealed. */
  readonly token?: SigningToken | undefined
}

/** What is sealed of a key in a token: its name. A private key itself is DER, which begins otherwise. */
const tokenMark = 'token:'

/** The signing keys as this node has last read them, and their transitions. */
export class SigningKeys {
  readonly #deps: Deps
  #keys = new Map<string, LoadedKey>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async load(): Promise<void> {
    const { storage, dataKeys } = this.#deps
    const next = new Map<string, LoadedKey>()
    for (const row of await listSigningKeys(storage.db)) {
      const before = this.#keys.get(row.kid)
      const jwk = JSON.parse(row.public_jwk) as PublicJwk
      const publicKey = before?.publicKey ?? createPublicKey({ key: jwk as never, format: 'jwk' })
      const sealed = row.state === 'retired' ? null : row.sealed
      const isLive = sealed !== null
      const isKnown = before?.privateKey !== undefined || before?.tokenKey !== undefined
      const plain = sealed !== null && !isKnown ? await dataKeys.unseal(signingPurpose, row.kid, sealed) : undefined
      const read = plain === undefined ? { ...before } : readPrivate(plain)
      const { privateKey, tokenKey } = isLive ? read : {}
      if (!isLive && before?.tokenKey !== undefined) this.#forget(before.tokenKey)
      next.set(row.kid, { row, jwk, publicKey, privateKey, tokenKey })
    }
    this.#keys = next
  }

  jwks(): PublicJwk[] {
    return [...this.#keys.values()].filter(({ row }) => row.state !== 'retired').map(({ jwk }) => jwk)
  }

  list(): SigningKeyInfo[] {
    return [...this.#keys.values()].map(({ row }) => toInfo(row))
  }

  active(algorithm: SigningAlgorithm): PublicJwk | undefined {
    return [...this.#keys.values()].find(({ row }) => row.algorithm === algorithm && row.state === 'active')?.jwk
  }

  sign(kid: string, data: Uint8Array): Uint8Array {
    const key = this.#keys.get(kid)
    if (key?.tokenKey !== undefined) {
      const { token } = this.#deps
      if (token === undefined) throw new Fault('keyring.token_unavailable', { detail: 'no token is configured' })
      return token.sign(key.tokenKey, key.row.algorithm, data)
    }
    if (key?.privateKey === undefined) throw new Fault('keyring.key_unknown')
    return signWith(key.row.algorithm, key.privateKey, data)
  }

  verify(kid: string, data: Uint8Array, signature: Uint8Array): boolean {
    const key = this.#keys.get(kid)
    if (key === undefined || key.row.state === 'retired') return false
    return verifyWith(key.row.algorithm, key.publicKey, data, signature)
  }

  /**
   * Makes the next key. It is published now and takes over after `publishForMs`; at once when `atOnce` is asked for or there
   * is no active key. `forget` retires the replaced one at once too: for a key that was stolen.
   */
  async rotate(
    act: Act,
    algorithm: SigningAlgorithm,
    { atOnce = false, forget = false }: { atOnce?: boolean; forget?: boolean },
  ): Promise<SigningKeyInfo> {
    const { storage, clock, times } = this.#deps
    const { inToken, ...fresh } = await this.#generate(algorithm)
    let isKept = false
    const rotated = storage.transact(async (tx) => {
      isKept = false
      const nowMs = clock.nowMs()
      const rows = (await listSigningKeys(tx)).filter((row) => row.algorithm === algorithm)
      const active = rows.find((row) => row.state === 'active')
      const published = rows.find((row) => row.state === 'published')
      if (!atOnce && published !== undefined) throw new Fault('keyring.rotation_running')
      if (atOnce && active !== undefined)
        await this.#move(tx, act, active, forget ? 'retired' : 'retiring', nowMs + (forget ? 0 : times.retireAfterMs))
      if (atOnce && published !== undefined && !forget) {
        await this.#move(tx, act, published, 'active', null)
        return toInfo({ ...published, state: 'active', revision: published.revision + 1 })
      }
      // A stolen database may hold the announced key too.
      if (forget && published !== undefined) await this.#move(tx, act, published, 'retired', nowMs)
      const state = active === undefined || atOnce ? 'active' : 'published'
      const row = {
        ...fresh,
        state,
        created_at: nowMs,
        activates_at: nowMs + (state === 'active' ? 0 : times.publishForMs),
        retires_at: null,
        revision: 1,
      } as const
      if (!(await insertSigningKey(tx, row))) throw new Fault('keyring.rotation_running')
      isKept = true
      await this.#tell(tx, act, row)
      return toInfo(row)
    })
    try {
      return await rotated
    } catch (error) {
      isKept = false
      throw error
    } finally {
      if (!isKept && inToken !== undefined) this.#forget(inToken)
    }
  }

  /** Moves every key whose time has come, and publishes successors of old ones. Any number of nodes may call it. */
  async advance(act: Act): Promise<number> {
    const { storage, clock, times } = this.#deps
    const nowMs = clock.nowMs()
    const due = (row: SigningKeyRow) =>
      (row.state === 'published' && row.activates_at <= nowMs) || (row.state === 'retiring' && row.retires_at! <= nowMs)
    let moved = 0
    if ([...this.#keys.values()].some(({ row }) => due(row))) {
      moved = await storage.transact(async (tx) => {
        let count = 0
        const rows = await listSigningKeys(tx)
        for (const row of rows.filter(due)) {
          if (row.state === 'published') {
            const active = rows.find((other) => other.algorithm === row.algorithm && other.state === 'active')
            if (active !== undefined) await this.#move(tx, act, active, 'retiring', nowMs + times.retireAfterMs)
          }
          await this.#move(tx, act, row, row.state === 'published' ? 'active' : 'retired', row.retires_at)
          count++
        }
        return count
      })
    }
    for (const { row } of this.#keys.values()) {
      if (row.state !== 'active' || nowMs - row.activates_at < times.rotateEveryMs - times.publishForMs) continue
      if (
        [...this.#keys.values()].some(
          ({ row: other }) => other.algorithm === row.algorithm && other.state === 'published',
        )
      )
        continue
      await this.rotate(act, row.algorithm, {}).then(
        () => moved++,
        (error) => {
          if (!(error instanceof Fault && error.code === 'keyring.rotation_running')) throw error
        },
      )
    }
    return moved
  }

  /** Seals every private key again under the newest data key. */
  async reseal(): Promise<void> {
    const { storage, dataKeys } = this.#deps
    for (const { row, privateKey, tokenKey } of this.#keys.values()) {
      const plain =
        tokenKey === undefined ? privateKey?.export({ format: 'der', type: 'pkcs8' }) : nameInToken(tokenKey)
      if (row.sealed === null || plain === undefined || !dataKeys.isStale(signingPurpose, row.sealed)) continue
      const sealed = dataKeys.seal(signingPurpose, row.kid, plain)
      await storage.transact((tx) => resealSigningKey(tx, row.kid, sealed))
    }
  }

  async #generate(algorithm: SigningAlgorithm) {
    const { publicKey, plain, inToken } = await this.#make(algorithm)
    const jwk = toPublicJwk(algorithm, publicKey)
    const sealed = this.#deps.dataKeys.seal(signingPurpose, jwk.kid, plain)
    return { kid: jwk.kid, algorithm, public_jwk: JSON.stringify(jwk), sealed, inToken }
  }

  async #make(algorithm: SigningAlgorithm): Promise<{ publicKey: KeyObject; plain: Uint8Array; inToken?: string }> {
    const { token } = this.#deps
    if (token !== undefined) {
      const { id, publicKey } = token.generate(algorithm)
      return { publicKey, plain: nameInToken(id), inToken: id }
    }
    const { publicKey, privateKey } = await generateSigningKey(algorithm)
    return { publicKey, plain: privateKey.export({ format: 'der', type: 'pkcs8' }) }
  }

  /** What is retired signs no more: nor in the token. One that cannot be reached now keeps a key that nothing names. */
  #forget(tokenKey: string): void {
    try {
      this.#deps.token?.destroy(tokenKey)
    } catch {
      // It signs nothing: no row names it.
    }
  }

  async #move(tx: Tx, act: Act, row: SigningKeyRow, to: SigningKeyState, retiresAtMs: number | null): Promise<void> {
    if (await moveSigningKey(tx, row, to, retiresAtMs))
      await this.#tell(tx, act, { ...row, state: to, revision: row.revision + 1 })
  }

  async #tell(tx: Tx, act: Act, row: Pick<SigningKeyRow, 'kid' | 'algorithm' | 'state' | 'revision'>): Promise<void> {
    const { kid, algorithm, state, revision } = row
    await record(tx, act, {
      type: 'keyring.signing_key_changed',
      atMs: this.#deps.clock.nowMs(),
      organizationId: undefined,
      object: { type: 'Gatehouse::SigningKey', id: kid },
      revision,
      data: { kid, algorithm, state },
    })
  }
}

const nameInToken = (id: string): Buffer => Buffer.from(`${tokenMark}${id}`)

function readPrivate(plain: Uint8Array): { privateKey?: KeyObject; tokenKey?: string } {
  const text = Buffer.from(plain)
  if (text.subarray(0, tokenMark.length).equals(Buffer.from(tokenMark)))
    return { tokenKey: text.toString('utf8', tokenMark.length) }
  return { privateKey: createPrivateKey({ key: text, format: 'der', type: 'pkcs8' }) }
}

function toInfo(row: SigningKeyRow): SigningKeyInfo {
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    state: row.state,
    createdAtMs: row.created_at,
    activatesAtMs: row.activates_at,
    retiresAtMs: row.retires_at ?? undefined,
    revision: row.revision,
  }
}
