import { DatabaseSync } from 'node:sqlite'
import { byDependency, type SnapshotBatch, type SnapshotViews } from '../snapshot.ts'

const batchMost = 500

/** Reads every table as of one moment, on a connection of its own; writers go on. */
export async function* readSqliteSnapshot(file: string, views: SnapshotViews): AsyncGenerator<SnapshotBatch> {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 10_000 })
  try {
    database.exec('begin')
    const names = database
      .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name")
      .all()
      .map((row) => String(row.name))
      .filter((name) => name !== 'migrations' && !views[name]?.skip)
    const needs = new Map(
      names.map((name) => [
        name,
        database
          .prepare(`pragma foreign_key_list("${name}")`)
          .all()
          .map((row) => String(row.table)),
      ]),
    )
    for (const table of byDependency(needs)) {
      const columns = database
        .prepare(`pragma table_info("${table}")`)
        .all()
        .map((row) => String(row.name))
      let rows: unknown[][] = []
      for (const row of database.prepare(`select * from "${table}"`).iterate()) {
        rows.push(columns.map((column) => row[column]))
        if (rows.length < batchMost) continue
        yield { table, columns, rows }
        rows = []
      }
      yield { table, columns, rows }
    }
  } finally {
    database.close()
  }
}
