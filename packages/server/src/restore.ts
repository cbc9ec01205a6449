// Offline: `GATEHOUSE_BACKUP_PASSPHRASE=… node packages/server/src/restore.ts FILE` fills the empty database of the configuration.
import { createReadStream } from 'node:fs'
import { archiveDirectoryOf } from '#audit'
import { readConfig } from '#config'
import { isFault, Secret, systemClock, systemEntropy } from '#kernel'
import { restoreBackup } from '#observability'
import { lockDataDirectory } from '#storage'
import { endRestored } from './end-restored.ts'
import { migrations } from './migrations.ts'

const { GATEHOUSE_BACKUP_PASSPHRASE: passphrase, GATEHOUSE_BACKUP_KEY: privateKey, ...environment } = process.env
const [file, ...options] = process.argv.slice(2)
const keepCredentials = options.includes('--keep-credentials')
let restored = false
try {
  if (file === undefined || (passphrase === undefined) === (privateKey === undefined)) {
    console.error('Usage: restore FILE, with GATEHOUSE_BACKUP_PASSPHRASE or GATEHOUSE_BACKUP_KEY set')
    process.exit(2)
  }
  const config = readConfig(environment, process.cwd())
  const lock = lockDataDirectory(config.dataDirectory)
  const opener =
    privateKey === undefined ? { passphrase: new Secret(passphrase as string) } : { privateKey: new Secret(privateKey) }
  const { database: address, rootKeyFile } = config
  const { rows, createdAtMs, archivesPutBack, archives } = await restoreBackup(createReadStream(file), {
    address,
    migrations,
    clock: systemClock,
    opener,
    rootKeyFile,
    archiveDirectory: archiveDirectoryOf(config.dataDirectory),
  })
  restored = true
  const ended = await endRestored({
    address,
    clock: systemClock,
    entropy: systemEntropy,
    backupAtMs: createdAtMs,
    keepCredentials,
  })
  lock.release()
  if (archivesPutBack > 0) console.log(`Put back ${archivesPutBack} archives of the audit log`)
  for (const [what, files] of [
    ['not there', archives.away],
    ['not the file that was written', archives.damaged],
  ] as const)
    for (const file of files) console.log(`Archive of the audit log ${what}: ${file}`)
  if (archives.away.length + archives.damaged.length > 0)
    console.log(
      `Bring these to ${archiveDirectoryOf(config.dataDirectory)}; the log verifies without them, what they say cannot be shown`,
    )
  console.log(
    `The backup is of ${new Date(createdAtMs).toISOString()}: ${ended.sessions} sessions and ${ended.tokens} tokens of then were ended, ${ended.links} one-time links are void`,
  )
  if (keepCredentials)
    console.log('API keys, secrets and keys are those of the backup, those that were revoked after it too')
  else {
    console.log(`${ended.apiKeys} API keys were revoked: their owners make new ones`)
    console.log(`${ended.signingKeys} signing keys were retired: the first start makes new ones`)
    console.log(
      `Suspended until activated: ${ended.machines} machines, ${ended.applications} applications with secrets or keys`,
    )
  }
  console.log(`Restored ${rows} rows. Put the root key at ${rootKeyFile} if it is not there, then start Gatehouse`)
} catch (error) {
  const says = error instanceof Error ? error.message : String(error)
  console.error(
    restored
      ? `Restored, but sessions and credentials of the backup could not be ended: ${says}. Empty the database and restore again`
      : `Nothing was restored: ${says}`,
  )
  if (!isFault(error)) console.error(error)
  process.exit(1)
}
