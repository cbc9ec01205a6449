import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import type { FeedEvent } from '#feed'
import type { Clock, Entropy } from '#kernel'
import { definePurposes, type Keyring } from '#keyring'
import type { Storage } from '#storage'
import { classify, type Personal, restore } from './classes.ts'
import { listPersonKeys, type PersonKeyRow } from './person-key.store.ts'

const purpose = 'audit.person'
definePurposes({ [purpose]: 'Keys of persons, under which the audit log holds what tells of them' })

/** Keys in memory; a busy deployment's regulars stay, the others are read again. */
const cachedMost = 20_000
const nonceLength = 12
const tagLength = 16

/** What of a person stands in a body: AES-256-GCM, nonce (12) ‖ ciphertext ‖ tag (16), base64. */
interface Sealed {
  readonly subject: string
  readonly sealed: string
}

/** An event as the log keeps it: what is open, and what is personal under the key of each person. */
export interface SealedEvent extends Omit<FeedEvent, 'touches'> {
  readonly personal?: readonly Sealed[]
}

export interface PersonKeysDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly sealer: Pick<Keyring, 'seal' | 'unseal'>
}

/**
 * A key for each person, under which the audit log seals what is personal. INVARIANT: the key's row is the only lasting copy:
 * once it is gone nobody can read what it sealed, in whatever export, archive or copy it lies.
 */
export class PersonKeys {
  readonly #deps: PersonKeysDeps
  readonly #known = new Map<string, KeyObject>()

  constructor(deps: PersonKeysDeps) {
    this.#deps = deps
  }

  /**
   * Seals what is personal in events.
   * @param made keys of the same batch that are not stored yet; what is made for these events is added, and must be stored in
   * the same transaction as the bodies
   * @returns the events in their order
   */
  async seal(events: readonly FeedEvent[], made: PersonKeyRow[]): Promise<SealedEvent[]> {
    const classed = events.map(classify)
    const subjects = new Set(classed.flatMap(({ personal }) => [...personal.keys()]))
    const keys = await this.#keysFor(subjects, made)
    return classed.map(({ open, personal }) => {
      const { touches: _touches, ...rest } = open
      if (personal.size === 0) return rest
      const parts = [...personal].map(([subject, members]) => ({
        subject,
        sealed: this.#sealOne(keys.get(subject) as KeyObject, subject, open.position, members),
      }))
      return { ...rest, personal: parts }
    })
  }

  /** A stored body with what is personal at its place again, as far as the keys are still there. */
  async open(text: string): Promise<Record<string, unknown>> {
    const { personal, ...body } = JSON.parse(text) as { position: number; personal?: readonly Sealed[] }
    for (const { subject, sealed } of personal ?? []) {
      const key = await this.#find(subject)
      if (key !== undefined) restore(body, this.#openOne(key, subject, body.position, sealed))
    }
    return body
  }

  /** Drops a key from memory; its row is destroyed by who calls. */
  forget(subject: string): void {
    this.#known.delete(subject)
  }

  #sealOne(key: KeyObject, subject: string, position: number, members: Personal): string {
    const nonce = this.#deps.entropy.bytes(nonceLength)
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength })
    cipher.setAAD(boundTo(subject, position))
    const text = cipher.update(JSON.stringify(members), 'utf8')
    return Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]).toString('base64')
  }

  #openOne(key: KeyObject, subject: string, position: number, sealed: string): Personal {
    const bytes = Buffer.from(sealed, 'base64')
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceLength), { authTagLength: tagLength })
    decipher.setAAD(boundTo(subject, position))
    decipher.setAuthTag(bytes.subarray(-tagLength))
    const text = Buffer.concat([decipher.update(bytes.subarray(nonceLength, -tagLength)), decipher.final()])
    return JSON.parse(text.toString('utf8'))
  }

  async #find(subject: string): Promise<KeyObject | undefined> {
    const [row] = await listPersonKeys(this.#deps.storage.db, [subject])
    return row && this.#unwrap(row)
  }

  async #keysFor(subjects: ReadonlySet<string>, made: PersonKeyRow[]): Promise<ReadonlyMap<string, KeyObject>> {
    const { storage, sealer, entropy, clock } = this.#deps
    const keys = new Map<string, KeyObject>()
    const missing: string[] = []
    for (const subject of subjects) {
      const known = this.#known.get(subject)
      if (known === undefined) missing.push(subject)
      else keys.set(subject, known)
    }
    for (let at = 0; at < missing.length; at += 500)
      for (const row of await listPersonKeys(storage.db, missing.slice(at, at + 500)))
        keys.set(row.subject, this.#keep(row.subject, await this.#unwrap(row)))
    for (const row of made)
      if (subjects.has(row.subject) && !keys.has(row.subject)) keys.set(row.subject, await this.#unwrap(row))
    for (const subject of missing) {
      if (keys.has(subject)) continue
      const plain = entropy.bytes(32)
      made.push({ subject, sealed: sealer.seal(purpose, plain, subject), created_at: clock.nowMs() })
      // Not kept in memory: only once it is committed is it the person's key.
      keys.set(subject, createSecretKey(plain))
    }
    return keys
  }

  async #unwrap({ subject, sealed }: PersonKeyRow): Promise<KeyObject> {
    return createSecretKey(await this.#deps.sealer.unseal(purpose, sealed, subject))
  }

  #keep(subject: string, key: KeyObject): KeyObject {
    if (this.#known.size >= cachedMost) this.#known.delete(this.#known.keys().next().value as string)
    this.#known.set(subject, key)
    return key
  }
}

const boundTo = (subject: string, position: number) => Buffer.from(`gatehouse audit person\0${subject}\0${position}`)
