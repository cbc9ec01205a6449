import type { LogEvent } from 'kysely'
import { activeSpan, inSpan, outsideSpans, type Span, step } from '#kernel'
import type { EngineName, Lasting, Storage, Tx, Written } from './storage.ts'

const systems = { sqlite: 'sqlite', postgres: 'postgresql' } as const satisfies Record<EngineName, string>
const textMost = 500

/** A span for each statement of a request that is recorded. Its text has placeholders for all values. */
export function traceStatements(engine: EngineName): (event: LogEvent) => void {
  return ({ query, queryDurationMillis, ...event }) => {
    const parent = activeSpan()
    if (parent === undefined) return
    const { sql } = query
    const [, verb = 'sql', table] = /^\s*(\w+)(?:[\s\S]*?\b(?:from|into|update)\s+"?(\w+))?/i.exec(sql) ?? []
    const span = parent.child(table === undefined ? verb : `${verb} ${table}`, {
      kind: 'client',
      startedAt: performance.now() - queryDurationMillis,
      attributes: {
        'db.system.name': systems[engine],
        'db.operation.name': verb,
        'db.collection.name': table,
        'db.query.text': sql.slice(0, textMost),
      },
    })
    if (event.level === 'error') span.fail((event as { error?: unknown }).error)
    span.end()
  }
}

/** The same database, with a span from asking for a transaction to its commit. */
export function traceStorage(storage: Storage): Storage {
  const options = { kind: 'client', attributes: { 'db.system.name': systems[storage.engine] } } as const
  const transact = <T>(body: (tx: Tx) => Promise<T>, how?: Lasting): Promise<T> => {
    if (activeSpan() === undefined) return storage.transact(body, how)
    return step('transact', options, (span) =>
      outsideSpans(() => storage.transact((tx) => inSpan(span as Span, () => body(tx)), how)),
    )
  }
  const write = <T>(body: (tx: Tx) => Promise<T>): Promise<Written<T>> => {
    if (activeSpan() === undefined) return storage.write(body)
    // INVARIANT: a writer that serves many requests belongs to none of them; only the body runs for this one.
    return step('transact', options, (span) =>
      outsideSpans(() => storage.write((tx) => inSpan(span as Span, () => body(tx)))),
    )
  }
  return { ...storage, write, transact }
}
