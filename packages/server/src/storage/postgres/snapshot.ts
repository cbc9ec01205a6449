import type { Secret } from '#kernel'
import { byDependency, type SnapshotBatch, type SnapshotViews } from '../snapshot.ts'

const batchMost = 500

/** Reads every table as of one moment (REPEATABLE READ, read only), on a connection of its own; writers and numbering go on. */
export async function* readPostgresSnapshot(url: Secret, views: SnapshotViews): AsyncGenerator<SnapshotBatch> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url.reveal(), application_name: 'gatehouse backup' })
  client.on('error', () => undefined) // the query in hand is told
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const tables = await client.query<{ name: string; needs: string[] }>(
      `select c.relname as name, coalesce(array_agg(p.relname::text) filter (where p.relname is not null), '{}') as needs
       from pg_class c left join pg_constraint k on k.conrelid = c.oid and k.contype = 'f' left join pg_class p on p.oid = k.confrelid
       where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace and c.relname <> 'migrations' group by c.relname`,
    )
    const kept = tables.rows.filter(({ name }) => !views[name]?.skip)
    for (const table of byDependency(new Map(kept.map(({ name, needs }) => [name, needs])))) {
      await client.query(`declare rows no scroll cursor for ${views[table]?.postgres ?? `select * from "${table}"`}`)
      for (;;) {
        const { rows, fields } = await client.query({ text: `fetch ${batchMost} from rows`, rowMode: 'array' })
        const whole = fields.map(({ dataTypeID }) => dataTypeID === 20)
        const plain = (rows as unknown[][]).map((row) =>
          row.map((value, index) => (whole[index] && value !== null ? Number(value) : value)),
        )
        yield { table, columns: fields.map(({ name }) => name), rows: plain }
        if (rows.length < batchMost) break
      }
      await client.query('close rows')
    }
  } finally {
    await client.end()
  }
}
