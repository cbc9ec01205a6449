import type { Migration } from '#storage'

interface NamedKeyTable {
  name: string
  /** 32 raw bytes, Ed25519. */
  public_key: Uint8Array
  /** PKCS #8, sealed. */
  sealed: Uint8Array
  created_at: number
}

declare module '#storage' {
  interface Tables {
    named_keys: NamedKeyTable
  }
}

export const namedKeysMigration: Migration = {
  id: '0101_keyring_named_keys',
  sql: 'create table named_keys (name text primary key, public_key bytea not null, sealed bytea not null, created_at int8 not null);',
}
