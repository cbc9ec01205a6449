import { createSecretKey, type KeyObject } from 'node:crypto'
import { record } from '#feed'
import { type Act, type Clock, type Entropy, Fault } from '#kernel'
import type { Reader, Storage, Tx } from '#storage'
import { type DataKeyRow, findDataKey, insertDataKey, listDataKeys, replaceWrapping } from './data-key.store.ts'
import { openWith, sealWith, versionOf } from './envelope.ts'
import { newRootKey, type RootKey, readRootKeys, writeRootKeys } from './root-key.ts'
import './events.ts'

export interface DataKeysDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly rootKeyFile: string
}

/** The unwrapped data keys of every purpose, and the root keys that wrap them. */
export class DataKeys {
  readonly #deps: DataKeysDeps
  #roots: readonly RootKey[]
  readonly #keys = new Map<string, Map<number, KeyObject>>()
  readonly #newest = new Map<string, number>()

  private constructor(deps: DataKeysDeps, roots: readonly RootKey[]) {
    this.#deps = deps
    this.#roots = roots
  }

  /**
   * Reads or makes the root key, unwraps every data key, wraps again under the first root key what another wrapped, and makes
   * a first data key for each purpose.
   * @throws {Fault} `keyring.root_key_missing`, `keyring.root_key_wrong`, `keyring.root_key_invalid`
   */
  static async open(deps: DataKeysDeps, act: Act, purposes: Iterable<string>): Promise<DataKeys> {
    const stored = await listDataKeys(deps.storage.db)
    const keys = new DataKeys(deps, readOrMakeRootKeys(deps, stored))
    keys.#refuseStrangers(stored)
    for (const row of stored) keys.#keep(row)
    if (stored.some((row) => row.root_key_id !== keys.#wrapping.id)) await keys.wrapAgain(act)
    for (const purpose of purposes) if (!keys.#newest.has(purpose)) await keys.#make(purpose, 1)
    return keys
  }

  seal(purpose: string, context: string, plain: Uint8Array): Uint8Array {
    const version = this.#newest.get(purpose)
    if (version === undefined) throw new TypeError(`unknown purpose ${purpose}: define it in its room (definePurposes)`)
    const key = this.#keys.get(purpose)?.get(version) as KeyObject
    return sealWith(key, version, boundTo(purpose, context), plain, this.#deps.entropy.bytes(12))
  }

  async unseal(purpose: string, context: string, sealed: Uint8Array): Promise<Uint8Array> {
    const version = versionOf(sealed)
    let key = this.#keys.get(purpose)?.get(version)
    if (key === undefined) {
      const row = await findDataKey(this.#deps.storage.db, purpose, version) // another node has just made it
      if (row === undefined) throw new Fault('keyring.sealed_invalid')
      key = this.#keep(row)
    }
    return openWith(key, boundTo(purpose, context), sealed)
  }

  isStale(purpose: string, sealed: Uint8Array): boolean {
    return versionOf(sealed) !== this.#newest.get(purpose)
  }

  /** Makes the next version for every purpose; what older ones sealed still opens. */
  async rotate(act: Act): Promise<void> {
    for (const purpose of [...this.#newest.keys()]) await this.#make(purpose, this.#newest.get(purpose)! + 1, act)
  }

  /**
   * Replaces the root key. Crash states: the file holds new and old before the first data key is wrapped again, and the old
   * one leaves it only after the commit; a start in between finishes the work.
   */
  async rotateRoot(act: Act): Promise<{ from: string; to: string }> {
    const from = this.#wrapping.id
    const next = newRootKey(this.#deps.entropy)
    writeRootKeys(this.#deps.rootKeyFile, [next, ...this.#roots], false)
    this.#roots = [next, ...this.#roots]
    await this.wrapAgain(act)
    writeRootKeys(this.#deps.rootKeyFile, [next], false)
    this.#roots = [next]
    return { from, to: next.id }
  }

  /** Wraps every data key under the first root key, in one transaction with its event. */
  async wrapAgain(act: Act): Promise<void> {
    const { storage, clock } = this.#deps
    await storage.transact(async (tx) => {
      const rows = (await listDataKeys(tx)).filter((row) => row.root_key_id !== this.#wrapping.id)
      for (const row of rows)
        await replaceWrapping(tx, this.#wrap(row.purpose, row.version, this.#unwrap(row), row.created_at))
      const from = rows[0]?.root_key_id
      if (from === undefined) return
      await record(tx, act, {
        type: 'keyring.root_key_rotated',
        atMs: clock.nowMs(),
        organizationId: undefined,
        object: { type: 'Gatehouse::RootKey', id: this.#wrapping.id },
        data: { from, to: this.#wrapping.id, dataKeys: rows.length },
      })
    })
  }

  /** Takes up what other nodes made. */
  async reload(db: Reader): Promise<void> {
    for (const row of await listDataKeys(db)) if (!this.#keys.get(row.purpose)?.has(row.version)) this.#keep(row)
  }

  get #wrapping(): RootKey {
    return this.#roots[0]!
  }

  async #make(purpose: string, version: number, act?: Act): Promise<void> {
    const { storage, clock, entropy } = this.#deps
    const made = this.#wrap(purpose, version, entropy.bytes(32), clock.nowMs())
    const row = await storage.transact(async (tx: Tx) => {
      if (!(await insertDataKey(tx, made))) return findDataKey(tx, purpose, version)
      await record(tx, act ?? { actor: { type: 'system', name: 'keyring' }, requestId: 'start' }, {
        type: 'keyring.data_key_made',
        atMs: clock.nowMs(),
        organizationId: undefined,
        object: { type: 'Gatehouse::DataKey', id: purpose },
        revision: version,
        data: { purpose, version },
      })
      return made
    })
    if (row === undefined) throw new Fault('storage.contended')
    this.#refuseStrangers([row])
    this.#keep(row)
  }

  #wrap(purpose: string, version: number, plain: Uint8Array, createdAtMs: number): DataKeyRow {
    const { id, key } = this.#wrapping
    const wrapped = sealWith(key, version, `gatehouse data key\0${purpose}`, plain, this.#deps.entropy.bytes(12))
    return { purpose, version, root_key_id: id, wrapped, created_at: createdAtMs }
  }

  #unwrap(row: DataKeyRow): Uint8Array {
    const root = this.#roots.find(({ id }) => id === row.root_key_id)
    if (root === undefined) throw new Fault('keyring.root_key_wrong')
    return openWith(root.key, `gatehouse data key\0${row.purpose}`, row.wrapped)
  }

  #keep(row: DataKeyRow): KeyObject {
    const key = createSecretKey(this.#unwrap(row))
    const versions = this.#keys.get(row.purpose) ?? new Map<number, KeyObject>()
    this.#keys.set(row.purpose, versions.set(row.version, key))
    if (row.version > (this.#newest.get(row.purpose) ?? 0)) this.#newest.set(row.purpose, row.version)
    return key
  }

  #refuseStrangers(rows: readonly DataKeyRow[]): void {
    const stranger = rows.find((row) => !this.#roots.some(({ id }) => id === row.root_key_id))
    if (stranger === undefined) return
    const detail = `The database is sealed under root key ${stranger.root_key_id}, but ${this.#deps.rootKeyFile} holds ${this.#roots.map(({ id }) => id).join(', ')}: put back the file it was started with`
    throw new Fault('keyring.root_key_wrong', { detail })
  }
}

function readOrMakeRootKeys(deps: DataKeysDeps, stored: readonly DataKeyRow[]): readonly RootKey[] {
  const file = deps.rootKeyFile
  const found = readRootKeys(file)
  if (found !== undefined) return found
  const sealed = stored[0]
  if (sealed !== undefined) {
    const detail = `${file} does not exist, but the database is sealed under root key ${sealed.root_key_id}: put back the file it was started with`
    throw new Fault('keyring.root_key_missing', { detail })
  }
  const made = newRootKey(deps.entropy)
  try {
    writeRootKeys(file, [made], true)
    return [made]
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error
    return readRootKeys(file) ?? [made]
  }
}

function boundTo(purpose: string, context: string): string {
  return `gatehouse sealed\0${purpose}\0${context}`
}
