import { createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { exits, Failure, usage } from '../../failure.ts'
import { startProgress } from '../../output/progress.ts'
import { action } from '../../session.ts'
import { runServerProgram } from '../server-process.ts'

interface BackupOptions {
  readonly recipient?: string
  readonly includeRootKey?: boolean
  readonly includeArchives?: boolean
  readonly force?: boolean
}

/** `gatehouse backup FILE` while the server runs, `gatehouse restore FILE` while it does not. */
export function addBackups(program: Command): void {
  program
    .command('backup <file>')
    .description(
      'read out the whole database, sealed, while the server runs; the passphrase is in GATEHOUSE_BACKUP_PASSPHRASE',
    )
    .option('--recipient <key>', 'seal for this X25519 public key (base64url) instead of a passphrase')
    .option('--include-root-key', 'then the backup alone opens every secret')
    .option('--include-archives', "with the audit log's archives, which otherwise are to be copied beside it")
    .option('--force', 'replace a file that exists')
    .action(
      action<BackupOptions>(async ({ client, out }, options, given) => {
        const file = given as string
        if (existsSync(file) && options.force !== true)
          throw usage(`${file} exists`, 'Name another file, or add --force')
        const body = {
          ...keyOf(options),
          ...(options.includeRootKey && { includeRootKey: true }),
          ...(options.includeArchives && { includeArchives: true }),
        }
        const response = await client.send('POST', '/api/backup', { body, headers: { accept: '*/*' } })
        const progress = await startProgress('Backup', { json: out.json, unit: 'bytes' })
        const part = `${file}.part`
        let bytes = 0
        try {
          const source = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
          source.on('data', (chunk: Uint8Array) => {
            bytes += chunk.length
            progress.set(bytes)
          })
          await pipeline(source, createWriteStream(part, { mode: 0o600, flush: true }))
          // INVARIANT: the file has its name only when all of it is there.
          renameSync(part, file)
        } catch (error) {
          rmSync(part, { force: true })
          throw new Failure('The backup broke off; nothing is kept of it', {
            cause: error,
            next: 'Look at gatehouse doctor, then repeat',
          })
        } finally {
          progress.end()
        }
        const archivesLeftOut = Number(response.headers.get('gatehouse-archives-left-out') ?? 0)
        if (archivesLeftOut > 0)
          out.remark(
            `${archivesLeftOut} archives of the audit log are not in it: copy audit-archive of the data directory, or add --include-archives`,
          )
        out.done(
          { file, bytes, archivesLeftOut },
          `${file} holds the database of this moment (${(bytes / 1_024).toFixed(0)} KiB)`,
        )
      }),
    )

  program
    .command('restore <file>')
    .description('fill the empty database of the configuration from a backup, while no server runs')
    .option(
      '--keep-credentials',
      'keep API keys, secrets and keys as the backup has them, those that were revoked after it too (default: API keys end, their machines and applications are suspended until activated)',
    )
    .action(
      action<{ data?: string; keepCredentials?: boolean }>(async (_session, { data, keepCredentials }, file) => {
        if (!statSync(file as string, { throwIfNoEntry: false })?.isFile())
          throw new Failure(`There is no file ${file}`, { exit: exits.notFound })
        const { GATEHOUSE_BACKUP_PASSPHRASE, GATEHOUSE_BACKUP_KEY } = process.env
        if (GATEHOUSE_BACKUP_PASSPHRASE === undefined && GATEHOUSE_BACKUP_KEY === undefined)
          throw usage(
            'What opens the backup is missing',
            'Set GATEHOUSE_BACKUP_PASSPHRASE, or GATEHOUSE_BACKUP_KEY for a private key',
          )
        process.exitCode = await runServerProgram(
          'restore.ts',
          [file as string, ...(keepCredentials ? ['--keep-credentials'] : [])],
          {
            ...(data !== undefined && { GATEHOUSE_DATA: data }),
            GATEHOUSE_BACKUP_PASSPHRASE,
            GATEHOUSE_BACKUP_KEY,
          },
        )
      }),
    )
}

function keyOf({ recipient }: BackupOptions): { recipient: string } | { passphrase: string } {
  if (recipient !== undefined) return { recipient }
  const passphrase = process.env.GATEHOUSE_BACKUP_PASSPHRASE
  if (passphrase === undefined || passphrase.length < 12)
    throw usage('A backup is sealed', 'Set GATEHOUSE_BACKUP_PASSPHRASE (12 characters or more), or give --recipient')
  return { passphrase }
}
