// Offline: `GATEHOUSE_BACKUP_PASSPHRASE=… node packages/server/src/restore.ts FILE` fills the empty database of the configuration.
import { createReadStream } from 'node:fs'
import { archiveDirectoryOf } from '#audit'
import { readConfig } from '#config'
import { isFault, Secret, systemClock } from '#kernel'
import { restoreBackup } from '#observability'
import { lockDataDirectory } from '#storage'
import { migrations } from './gatehouse.ts'

const { GATEHOUSE_BACKUP_PASSPHRASE: passphrase, GATEHOUSE_BACKUP_KEY: privateKey, ...environment } = process.env
const [file] = process.argv.slice(2)
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
  const { rows, archivesPutBack, archives } = await restoreBackup(createReadStream(file), {
    address,
    migrations,
    clock: systemClock,
    opener,
    rootKeyFile,
    archiveDirectory: archiveDirectoryOf(config.dataDirectory),
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
  console.log(`Restored ${rows} rows. Put the root key at ${rootKeyFile} if it is not there, then start Gatehouse`)
} catch (error) {
  console.error(`Nothing was restored: ${error instanceof Error ? error.message : String(error)}`)
  if (!isFault(error)) console.error(error)
  process.exit(1)
}
