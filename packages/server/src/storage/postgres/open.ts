import { Kysely, type LogEvent, PostgresDialect, sql } from 'kysely'
import type { Pool } from 'pg'
import type { Clock, Secret } from '#kernel'
import { type ConsistencyToken, makeConsistencyToken } from '../consistency.ts'
import { listApplied, type Migration, migrate } from '../migration.ts'
import type { Db, Lasting, Storage, Tables, Tx, Written } from '../storage.ts'
import { isConflict, toFault } from './errors.ts'
import { Hints } from './hints.ts'
import { numberEvents, readMark, settleEvents, unnumberedSince } from './sequencer.ts'
import { readPostgresSnapshot } from './snapshot.ts'

const attemptsMost = 50

/** Connects to PostgreSQL (15 or later). `poolSize` connections serve reads and writes. */
export async function openPostgres(
  url: Secret,
  deps: { clock: Clock; migrations: readonly Migration[]; poolSize?: number; onStatement?: (event: LogEvent) => void },
): Promise<Storage> {
  const { default: pg } = await import('pg')
  const types = {
    getTypeParser: (oid: number, format: unknown) =>
      oid === 20 ? parseSafeInteger : (pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown),
  }
  const pool = new pg.Pool({
    connectionString: url.reveal(),
    max: deps.poolSize ?? 10,
    types: types as never,
    application_name: 'gatehouse',
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 30_000,
  })
  // A lost connection, idle or lent: whoever uses it is told by its query. Without a listener it would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const kysely = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: withFaults(pool) as never }),
    ...(deps.onStatement && { log: deps.onStatement }),
  })
  const hints = new Hints(url)
  try {
    await migrate(kysely as Kysely<unknown>, 'postgres', deps.migrations, deps.clock.nowMs())
    await hints.start()
  } catch (error) {
    await hints.close()
    await kysely.destroy()
    throw toFault(error)
  }

  async function write<T>(body: (tx: Tx) => Promise<T>, { lazily = false }: Lasting = {}): Promise<Written<T>> {
    for (let attempt = 1; ; attempt++) {
      try {
        let at: ConsistencyToken = makeConsistencyToken('postgres', 0n)
        const value = await kysely
          .transaction()
          .setIsolationLevel('repeatable read')
          .execute(async (tx) => {
            if (lazily) await sql`set local synchronous_commit = off`.execute(tx)
            const result = await body(tx as unknown as Tx)
            const { rows } = await sql<{
              xid: string
            }>`select pg_current_xact_id()::text as xid, pg_notify('gatehouse', '')`.execute(tx)
            at = makeConsistencyToken('postgres', BigInt(rows[0]?.xid ?? 0))
            return result
          })
        hints.tell()
        return { value, at }
      } catch (error) {
        if (!isConflict(error) || attempt >= attemptsMost) throw toFault(error)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(5 * attempt, 100)))
      }
    }
  }

  return {
    engine: 'postgres',
    db: kysely as unknown as Db,
    transact: async (body, how) => (await write(body, how)).value,
    write: (body) => write(body),
    onCommit: (listener) => hints.onHint(listener),
    numberEvents: () => numberEvents(kysely as Kysely<unknown>).catch((error) => Promise.reject(toFault(error))),
    readMark: () => readMark(kysely as Kysely<unknown>).catch((error) => Promise.reject(toFault(error))),
    settle: (ms) => settleEvents(kysely as Kysely<unknown>, ms).catch((error) => Promise.reject(toFault(error))),
    unnumberedSinceMs: () => unnumberedSince(kysely as Kysely<unknown>),
    ping: async () => {
      try {
        await sql`select 1`.execute(kysely)
      } catch (error) {
        throw toFault(error)
      }
    },
    migrations: () => listApplied(kysely as Kysely<unknown>),
    snapshot: (views) => readPostgresSnapshot(url, views),
    nowMs: async () => {
      const { rows } = await sql<{ ms: string }>`
        select (extract(epoch from clock_timestamp()) * 1000)::text as ms`.execute(kysely)
      return Number(rows[0]?.ms)
    },
    close: async () => {
      await hints.close()
      await kysely.destroy()
    },
  }
}

/** `bigint` and `count` arrive as text; all of ours fit a double exactly, and one that would not is refused. */
function parseSafeInteger(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number)) throw new RangeError(`integer ${text} is beyond 2^53`)
  return number
}

/**
 * The pool with lost connections and full disks told as faults, for reads too. Conflicts stay what they are: `write` looks for
 * them and runs the body again.
 */
function withFaults(pool: Pool) {
  const orFault = <T>(promise: Promise<T>): Promise<T> =>
    promise.catch((error) => Promise.reject(isConflict(error) ? error : toFault(error)))
  return {
    connect: async () => {
      const client = await orFault(pool.connect())
      return {
        query: (text: unknown, values?: unknown) =>
          typeof text === 'string' ? orFault(client.query(text, values as unknown[])) : client.query(text as never),
        release: () => client.release(),
      }
    },
    end: () => pool.end(),
  }
}
