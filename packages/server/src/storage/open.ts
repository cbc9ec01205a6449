import type { LogEvent } from 'kysely'
import type { Clock, Secret } from '#kernel'
import type { Migration } from './migration.ts'
import type { Storage } from './storage.ts'

export type DatabaseAddress =
  | { readonly engine: 'sqlite'; readonly file: string }
  | { readonly engine: 'postgres'; readonly url: Secret }

/** Opens the database that the configuration names and brings its schema up to date. */
export async function openStorage(
  address: DatabaseAddress,
  deps: { clock: Clock; migrations: readonly Migration[]; poolSize?: number; onStatement?: (event: LogEvent) => void },
): Promise<Storage> {
  if (address.engine === 'sqlite') return (await import('./sqlite/open.ts')).openSqlite(address.file, deps)
  return (await import('./postgres/open.ts')).openPostgres(address.url, deps)
}
