import { archiveDirectoryOf, listArchives } from '#audit'
import { deployment, type Gate } from '#authorization'
import type { Config } from '#config'
import { record } from '#feed'
import { type Clock, type Entropy, Fault, Secret, Type } from '#kernel'
import type { Storage } from '#storage'
import { type Operation, operation } from '#web'
import { createBackup } from './backup.ts'
import type { BackupKey } from './cipher.ts'
import './events.ts'
import './faults.ts'

export interface BackupDeps {
  readonly config: Config
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly gate: Gate
}

const body = Type.Object(
  {
    passphrase: Type.Optional(Type.String({ minLength: 12, maxLength: 1_024 })),
    recipient: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9_-]{43}$', description: 'X25519 public key, base64url' }),
    ),
    includeRootKey: Type.Optional(
      Type.Boolean({ description: 'Then the backup alone opens every secret. Default no' }),
    ),
    includeArchives: Type.Optional(
      Type.Boolean({
        description: "Then the audit log's archives are in it too, as far as their files are there. Default no",
      }),
    ),
  },
  { additionalProperties: false },
)

/** Header of the answer: how many archives of the audit log the backup needs and does not hold. */
const archivesLeftOut = 'gatehouse-archives-left-out'

export function backupOperations({ config, storage, clock, entropy, gate }: BackupDeps): Operation[] {
  return [
    operation({
      id: 'backups.create',
      method: 'POST',
      url: '/api/backup',
      summary: 'Read out the whole database, sealed, while the server runs',
      access: { kind: 'action', action: 'createBackup' },
      schemas: { body },
      produces: 'application/octet-stream',
      handle: async ({ act, body, reply }) => {
        gate.require(act, 'createBackup', deployment)
        const { passphrase, recipient, includeRootKey = false, includeArchives = false } = body
        if ((passphrase === undefined) === (recipient === undefined))
          throw new Fault('observability.backup_key_missing')
        const key: BackupKey =
          passphrase === undefined ? { recipient: recipient as string } : { passphrase: new Secret(passphrase) }
        await storage.transact((tx) =>
          record(tx, act, {
            type: 'observability.backup_created',
            atMs: clock.nowMs(),
            organizationId: undefined,
            object: { type: deployment.type, id: deployment.id },
            data: {
              sealedFor: passphrase === undefined ? 'recipient' : 'passphrase',
              rootKeyIncluded: includeRootKey,
              archivesIncluded: includeArchives,
            },
          }),
        )
        const rootKeyFile = includeRootKey ? config.rootKeyFile : undefined
        const archiveDirectory = archiveDirectoryOf(config.dataDirectory)
        const stream = createBackup({
          storage,
          entropy,
          nowMs: clock.nowMs(),
          key,
          ...(rootKeyFile !== undefined && { rootKeyFile }),
          ...(includeArchives && { archiveDirectory }),
        })
        const archives = (await listArchives(storage.db, false)).filter(({ file }) => file !== '').length
        reply.header(archivesLeftOut, String(includeArchives ? 0 : archives))
        reply.header('cache-control', 'no-store').type('application/octet-stream')
        await reply.send(stream)
        return undefined
      },
    }),
  ]
}
