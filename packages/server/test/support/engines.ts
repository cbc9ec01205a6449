import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import pg from 'pg'
import { Secret } from '#kernel'
import type { DatabaseAddress, EngineName } from '#storage'
import { startPostgres } from './postgres.ts'
import { postgresTemplate, sqliteTemplate } from './template.ts'

/**
 * The engines to test with; `GATEHOUSE_TEST_ENGINES=sqlite` narrows while working. `npm test` starts one PostgreSQL for all
 * files and names it in `GATEHOUSE_TEST_POSTGRES`; a file run alone starts its own.
 */
export const engines = (process.env.GATEHOUSE_TEST_ENGINES ?? 'sqlite,postgres').split(',') as EngineName[]

let own: Promise<{ url: string; stop(): Promise<void> }> | undefined

async function serverUrl(): Promise<string> {
  if (process.env.GATEHOUSE_TEST_POSTGRES !== undefined) return process.env.GATEHOUSE_TEST_POSTGRES
  own ??= startPostgres()
  return (await own).url
}

after(async () => {
  if (own !== undefined) await (await own).stop()
})

export interface Scratch {
  readonly address: DatabaseAddress
  /** A temporary directory, removed with the database. */
  readonly directory: string
  remove(): Promise<void>
}

/** A fresh database of the engine with the schema of the whole house; `empty`: without any. */
export async function scratchDatabase(engine: EngineName, { empty = false } = {}): Promise<Scratch> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  const clear = () => rmSync(directory, { recursive: true, force: true })
  if (engine === 'sqlite') {
    const file = join(directory, 'gatehouse.db')
    if (!empty) copyFileSync(await sqliteTemplate(), file)
    return { address: { engine, file }, directory, remove: async () => clear() }
  }
  const name = `t_${randomBytes(8).toString('hex')}`
  const url = new URL(await serverUrl())
  const template = empty ? 'template0' : await postgresTemplate(url.href)
  await execute(url.href, `create database ${name} template ${template} strategy file_copy`)
  url.pathname = `/${name}`
  return {
    address: { engine, url: new Secret(url.href) },
    directory,
    remove: async () => {
      clear()
      url.pathname = '/postgres'
      await execute(url.href, `drop database if exists ${name} with (force)`)
    },
  }
}

type Body = (scratch: Scratch, t: TestContext) => Promise<void>

/** Declares one test per engine, each with a fresh database that has the schema of the whole house. */
export function onEachEngine(name: string, body: Body): void {
  declare(name, body, false)
}

/** One test, on SQLite: for what stands in a browser and has its tests on each engine below. */
export function onSqlite(name: string, body: Body): void {
  declare(name, body, false, ['sqlite'])
}

/** The same with a database without any schema, for rooms that bring their own migrations. */
export function onEmptyDatabase(name: string, body: Body): void {
  declare(name, body, true)
}

function declare(name: string, body: Body, empty: boolean, on: readonly EngineName[] = engines): void {
  for (const engine of on) {
    test(`${name} [${engine}]`, async (t) => {
      const scratch = await scratchDatabase(engine, { empty })
      try {
        await body(scratch, t)
      } finally {
        await scratch.remove()
      }
    })
  }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
