// A database with the schema of the whole house, made once for each state of the migrations and copied for each test.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { Secret, systemClock } from '#kernel'
import { type DatabaseAddress, openStorage } from '#storage'

const cache = join(import.meta.dirname, '../../../../node_modules/.cache/gatehouse-templates')
const lock = 72_519

async function house() {
  const { migrations } = await import('../../src/migrations.ts')
  const hash = createHash('sha256').update(JSON.stringify(migrations)).digest('hex').slice(0, 16)
  const fill = async (address: DatabaseAddress) =>
    (await openStorage(address, { clock: systemClock, migrations })).close()
  return { hash, fill }
}

let file: Promise<string> | undefined
/** Path of an SQLite file to copy. */
export function sqliteTemplate(): Promise<string> {
  const make = async () => {
    const { hash, fill } = await house()
    const path = join(cache, `${hash}.db`)
    if (existsSync(path)) return path
    mkdirSync(cache, { recursive: true })
    const unfinished = join(cache, `${randomBytes(8).toString('hex')}.db`)
    await fill({ engine: 'sqlite', file: unfinished })
    renameSync(unfinished, path)
    return path
  }
  file ??= make()
  return file
}

let database: Promise<string> | undefined
/** Name of a database of the server at `url` to copy. */
export function postgresTemplate(url: string): Promise<string> {
  const make = async () => {
    const { hash, fill } = await house()
    const name = `template_${hash}`
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      // Several test files may want it at once: one makes it, under another name until it is whole.
      await client.query('select pg_advisory_lock($1)', [lock])
      const { rows } = await client.query('select 1 from pg_database where datname = $1', [name])
      if (rows.length > 0) return name
      const unfinished = `unfinished_${randomBytes(8).toString('hex')}`
      await client.query(`create database ${unfinished} template template0`)
      const address = new URL(url)
      address.pathname = `/${unfinished}`
      await fill({ engine: 'postgres', url: new Secret(address.href) })
      await client.query(`alter database ${unfinished} rename to ${name}`)
      return name
    } finally {
      await client.end()
    }
  }
  database ??= make()
  return database
}
