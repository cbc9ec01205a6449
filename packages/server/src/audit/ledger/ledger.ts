import { Log, TlogError } from '@gatehouse/tlog'
import { Alarm, type Feed, type FeedEvent, type Follower } from '#feed'
import { type Clock, type Entropy, Fault, type Meter } from '#kernel'
import type { NamedKey } from '#keyring'
import type { Storage } from '#storage'
import type { PersonKeyRow } from '../persons/person-key.store.ts'
import type { PersonKeys, SealedEvent } from '../persons/person-keys.ts'
import '../faults.ts'
import { DatabaseStorage, LedgerMoved } from './database-storage.ts'
import { encodeBody, encodeLeaf, hashBody, saltLength } from './leaf.ts'
import { findLedgerState, type LedgerEntry } from './ledger.store.ts'

/** A batch smaller than this waits a moment for company: one checkpoint and one flush for all that come meanwhile. */
const fullBatch = 500
const patienceMs = 30
/** Entries made before requests get their turn, and how many turns a batch takes at most: under load each lasts a whole commit. */
const atOnce = 16
const turnsMost = 16

export interface LedgerDeps {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly key: NamedKey
  readonly persons: PersonKeys
  /** Public base address; gives a new log its origin. An existing log keeps the one it has. */
  readonly url: string
  readonly onError: (where: string, error: unknown) => void
}

/** The audit log: every event of the feed is a leaf, in order. It may lag behind; it cannot miss. */
export interface Ledger {
  /** The log as of the newest checkpoint that this node knows. */
  readonly log: Log
  /** Undefined while all is well; else why the ledger stands still. */
  readonly broken: Error | undefined
  close(): Promise<void>
}

/**
 * Opens the ledger, checks its edge against its own checkpoint, and follows the feed from there. A ledger that does not
 * verify stands still and says so (`audit_ledger_broken`); events wait in the feed, none is lost.
 */
export async function openLedger(deps: LedgerDeps): Promise<Ledger> {
  const { storage, feed, clock, meter, key, onError } = deps
  const database = new DatabaseStorage(deps)
  const state = await findLedgerState(storage.db)
  const origin = state?.origin ?? `${new URL(deps.url).host}/audit/log`
  const open = () => Log.open({ origin, storage: database, publicKey: key.publicKey, sign: (data) => key.sign(data) })
  let broken: Error | undefined
  let log: Log | undefined
  let stopped = false
  let follower: Follower | undefined
  const patience = new Alarm()

  const integrate = async (events: readonly FeedEvent[]) => {
    if (log === undefined) return
    for (;;) {
      const size: number = log.checkpoint.size
      const fresh = events.filter((event) => event.position > size)
      const first = fresh[0]
      if (first === undefined) return
      if (first.position !== size + 1) throw new TypeError(`the feed jumps from ${size} to ${first.position}`)
      const entries: ReturnType<typeof makeEntry>[] = []
      for (const { type, data } of fresh)
        if (type === 'audit.person_erased') deps.persons.forget((data as { person: string }).person)
      const made: PersonKeyRow[] = []
      const step = Math.max(atOnce, Math.ceil(fresh.length / turnsMost))
      for (let at = 0; at < fresh.length; at += step) {
        // Requests come first: a batch of hundreds is made in turns of the event loop.
        if (at > 0) await new Promise((resolve) => setImmediate(resolve))
        const sealed = await deps.persons.seal(fresh.slice(at, at + step), made)
        for (const event of sealed) entries.push(makeEntry(deps.entropy, event))
      }
      database.entries = entries.map(({ entry }) => entry)
      database.personKeys = made
      try {
        await log.append(entries.map(({ leaf }) => leaf))
        return
      } catch (error) {
        if (!(error instanceof LedgerMoved)) throw error
        log = await open()
      }
    }
  }

  try {
    log = await open().catch((error) => {
      if (error instanceof LedgerMoved) return open() // another node began the log at the same moment
      throw error
    })
    follower = await feed.follow({
      name: 'audit.ledger',
      after: log.checkpoint.size,
      handle: async (events) => {
        await integrate(events)
        if (events.length < fullBatch && !stopped) await patience.wait(patienceMs)
      },
    })
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    broken = error
    onError('audit ledger', error)
  }
  meter.gauge('audit_ledger_broken', '1 while the ledger stands still because it does not verify', [], function () {
    this.set(broken === undefined ? 0 : 1)
  })
  meter.gauge('audit_events_committed', 'Events with a position', [], async function () {
    this.set((await storage.readMark()).position)
  })
  meter.gauge('audit_events_integrated', 'Events that the signed tree covers', [], async function () {
    this.set((await findLedgerState(storage.db))?.size ?? 0)
  })
  meter.gauge(
    'audit_checkpoint_age_seconds',
    'Age of the newest checkpoint while events wait for one',
    [],
    async function () {
      const row = await storage.db.selectFrom('ledger_state').select(['size', 'updated_at']).executeTakeFirst()
      const waits = row !== undefined && (await storage.readMark()).position > row.size
      this.set(waits ? Math.max(0, clock.nowMs() - row.updated_at) / 1_000 : 0)
    },
  )

  return {
    get log() {
      if (log === undefined) throw new Fault('audit.ledger_broken', { cause: broken })
      return log
    },
    get broken() {
      return broken
    },
    close: async () => {
      stopped = true
      patience.ring()
      await follower?.stop()
    },
  }
}

function makeEntry(entropy: Entropy, event: SealedEvent): { leaf: Buffer; entry: LedgerEntry } {
  const salt = entropy.bytes(saltLength)
  const body = encodeBody(event)
  return {
    leaf: encodeLeaf({ position: event.position, stream: 'feed', hash: hashBody(salt, body) }),
    entry: { position: event.position, organizationId: event.organizationId, salt, body },
  }
}
