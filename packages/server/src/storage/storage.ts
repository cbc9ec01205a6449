import type { Kysely, Transaction } from 'kysely'
import type { ConsistencyToken } from './consistency.ts'
import type { SnapshotBatch, SnapshotViews } from './snapshot.ts'

/**
 * Every table, by name. Each is declared by its owner beside its SQL:
 * `declare module '#storage' { interface Tables { users: UserTable } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Tables {}

declare const reading: unique symbol
declare const writing: unique symbol

/** A handle for reading, outside any transaction. Cannot be used where a `Tx` is asked for. */
export type Db = Pick<Kysely<Tables>, 'selectFrom' | 'selectNoFrom' | 'with' | 'fn' | 'dynamic' | 'getExecutor'> & {
  readonly [reading]: true
}

/** A handle for writing, inside one transaction. Nothing but SQL is awaited while one is open. */
export type Tx = Pick<
  Transaction<Tables>,
  | 'selectFrom'
  | 'selectNoFrom'
  | 'with'
  | 'fn'
  | 'dynamic'
  | 'getExecutor'
  | 'insertInto'
  | 'updateTable'
  | 'deleteFrom'
> & { readonly [writing]: true }

/** What a function that only reads takes: either handle. */
export type Reader = Pick<Db, 'selectFrom' | 'selectNoFrom' | 'with' | 'fn' | 'dynamic' | 'getExecutor'>

export type EngineName = 'sqlite' | 'postgres'

export interface Written<T> {
  readonly value: T
  /** Hand it to the caller: a read that asks for `atLeast` it sees this write. */
  readonly at: ConsistencyToken
}

/** How far the feed is numbered: every event of a write below `below` has a position of at most `position`. */
export interface Mark {
  readonly position: number
  readonly below: bigint
}

export interface Lasting {
  readonly lazily?: boolean
}

/** One database, of either engine. */
export interface Storage {
  readonly engine: EngineName
  readonly db: Db
  /**
   * Runs `body` in one transaction and commits. The body may run again after a conflict (PostgreSQL) and so must have no
   * effect but SQL through its `tx`. Durable once it returns; a throw leaves nothing.
   * @param how `lazily`: kept whatever becomes of this process, but the last moments may be lost with the machine's power; for what
   * holds nobody to anything (counters, forms under way, cursors). What commits durably afterwards makes it durable too.
   * @throws {Fault} `storage.full`, `storage.unavailable`, `storage.contended`, and whatever `body` throws
   */
  transact<T>(body: (tx: Tx) => Promise<T>, how?: Lasting): Promise<T>
  /** As `transact`, with the consistency token of the write. */
  write<T>(body: (tx: Tx) => Promise<T>): Promise<Written<T>>
  /**
   * Calls `listener` after commits, of this process at once, of others on PostgreSQL soon after: a hint, never the truth.
   * `newest` is the feed's newest position where that is known (SQLite): a commit that did not move it brought no event.
   */
  onCommit(listener: (newest?: number) => void): () => void
  /**
   * Gives positions to committed events, where the engine does not do so as they are written; concurrent callers on any
   * node are harmless. Returns how many were numbered.
   */
  numberEvents(): Promise<number>
  readMark(): Promise<Mark>
  /**
   * Resolves once every event committed before the call has its position, so that who reads the feed then finds what they were told
   * is done; or after `withinMs` (2,000 when not given): a long transaction holds positions back.
   */
  settle(withinMs?: number): Promise<void>
  /** When the oldest committed event that still has no position was recorded; undefined when all have one. */
  unnumberedSinceMs(): Promise<number | undefined>
  /** One trivial read; resolves when the database answers. @throws {Fault} `storage.unavailable` */
  ping(): Promise<void>
  /** The database's own clock, in milliseconds since the epoch. */
  nowMs(): Promise<number>
  /** Ids of the migrations that have been applied, sorted. */
  migrations(): Promise<string[]>
  /** Every table as of one moment, while others write. */
  snapshot(views: SnapshotViews): AsyncIterable<SnapshotBatch>
  close(): Promise<void>
}
