// The migrations of all rooms, in their order.
import { auditMigrations } from '#audit'
import { authenticationMigrations } from '#authentication'
import { authorizationMigrations } from '#authorization'
import { directoryMigrations } from '#directory'
import { feedMigrations } from '#feed'
import { keyringMigrations } from '#keyring'
import { observabilityMigrations } from '#observability'
import { policiesMigrations } from '#policies'
import type { Migration } from '#storage'
import { tokensMigrations } from '#tokens'

export const migrations: readonly Migration[] = [
  ...feedMigrations,
  ...keyringMigrations,
  ...authorizationMigrations,
  ...directoryMigrations,
  ...policiesMigrations,
  ...authenticationMigrations,
  ...tokensMigrations,
  ...auditMigrations,
  ...observabilityMigrations,
]
