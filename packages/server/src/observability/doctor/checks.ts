import { statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import type { Config } from '#config'
import { examineEvents, type Feed, listNewestEvents } from '#feed'
import type { Clock } from '#kernel'
import type { Keyring, RotationTimes } from '#keyring'
import type { Storage } from '#storage'
import { measureClockOffsetMs } from '../metrics/slis.ts'
import { checkCertificate } from './certificate.ts'
import type { Check, Finding } from './doctor.ts'

export interface CheckDeps {
  readonly config: Config
  readonly storage: Storage
  readonly feed: Feed
  readonly keyring: Keyring
  readonly clock: Clock
  readonly times: RotationTimes
}

const gigabyte = 2 ** 30
const dayMs = 24 * 3_600_000
const ok = (says: string): Finding => ({ status: 'ok', says })
const warning = (says: string, advice: string): Finding => ({ status: 'warning', says, advice })
const failed = (says: string, advice: string): Finding => ({ status: 'failed', says, advice })

/** The checks of the installation itself. */
export function installationChecks(deps: CheckDeps): Check[] {
  const { config, storage, clock } = deps
  return [
    { name: 'clock', run: async () => judgeClock(await measureClockOffsetMs({ storage, clock })) },
    {
      name: 'disk',
      run: async () => {
        const { bavail, blocks, bsize } = await statfs(config.dataDirectory)
        return judgeDisk(bavail * bsize, blocks * bsize)
      },
    },
    { name: 'database', run: () => checkDatabase(storage) },
    { name: 'feed', run: () => checkFeed(deps) },
    { name: 'signing keys', run: async () => judgeKeys(deps.keyring, clock.nowMs(), deps.times) },
    { name: 'root key', run: async () => checkRootKey(config) },
    { name: 'address', run: async () => checkAddress(config, clock.nowMs()) },
    { name: 'backup', run: async () => checkBackup(storage, clock.nowMs()) },
  ]
}

export function judgeClock(offsetMs: number): Finding {
  const size = Math.abs(offsetMs)
  const says = `differs from the database's by ${Math.round(size)} ms`
  if (size < 1_000) return ok(says)
  const advice = 'Set the time by NTP on this machine and on the database server'
  return size < 30_000 ? warning(says, advice) : failed(`${says}: tokens are refused beyond 60 s`, advice)
}

export function judgeDisk(freeBytes: number, allBytes: number): Finding {
  const says = `${(freeBytes / gigabyte).toFixed(1)} GiB of ${(allBytes / gigabyte).toFixed(1)} GiB are free`
  const advice = 'Free space, or move the data directory to a larger volume: a full disk refuses every change'
  if (freeBytes < gigabyte / 10) return failed(says, advice)
  return freeBytes < gigabyte || freeBytes < allBytes / 20 ? warning(says, advice) : ok(says)
}

async function checkDatabase(storage: Storage): Promise<Finding> {
  const before = performance.now()
  await storage.ping()
  const ms = performance.now() - before
  const says = `${storage.engine} answers in ${ms.toFixed(1)} ms`
  return ms < 250 ? ok(says) : warning(says, 'Look at its load and at the network between')
}

async function checkFeed({ feed, storage }: CheckDeps): Promise<Finding[]> {
  const { stalledMs, behind } = await feed.health()
  const { missing } = await examineEvents(storage.db, 100_000)
  const findings: Finding[] = []
  if (missing > 0)
    findings.push(
      failed(`${missing} positions are missing`, 'Events were deleted by hand: restore a backup, and find out who'),
    )
  if (stalledMs > 10_000) {
    const advice = 'Find the write transaction that stays open (pg_stat_activity) and end it'
    findings.push(failed(`the oldest event has waited ${Math.round(stalledMs / 1_000)} s for its position`, advice))
  }
  if (behind.length > 0)
    findings.push(failed(`followers are stuck: ${behind.join(', ')}`, 'Their errors are in the log of this node'))
  return findings.length > 0 ? findings : [ok('is numbered and followed')]
}

export function judgeKeys(keyring: Pick<Keyring, 'listKeys'>, nowMs: number, times: RotationTimes): Finding[] {
  const keys = keyring.listKeys()
  const active = keys.filter((key) => key.state === 'active')
  if (active.length === 0) return [failed('none is active', 'Run: gatehouse key rotate')]
  return active.map((key) => {
    const days = Math.floor((nowMs - key.activatesAtMs) / dayMs)
    const says = `${key.algorithm} is ${days} days old`
    if (nowMs - key.activatesAtMs <= times.rotateEveryMs + dayMs) return ok(says)
    return warning(
      `${says}, but should be replaced by itself every ${times.rotateEveryMs / dayMs}`,
      'See the log for failed rotations',
    )
  })
}

function checkRootKey(config: Config): Finding[] {
  const findings: Finding[] = []
  if ((statSync(config.rootKeyFile).mode & 0o077) !== 0)
    findings.push(failed(`others may read ${config.rootKeyFile}`, `Run: chmod 600 ${config.rootKeyFile}`))
  if (config.rootKeyBesideData) {
    const says = 'lies beside the data it protects: whoever copies the directory can open every secret'
    findings.push(warning(says, 'Keep it elsewhere (another volume, a secret store) and set GATEHOUSE_ROOT_KEY_FILE'))
  }
  return findings.length > 0 ? findings : [ok('lies apart from the data, readable by its owner only')]
}

async function checkAddress(config: Config, nowMs: number): Promise<Finding> {
  if (config.url.startsWith('https:')) return checkCertificate(config.url, nowMs)
  return warning(
    `${config.url} is plain http on loopback`,
    'For other machines put TLS in front and set GATEHOUSE_URL to https',
  )
}

async function checkBackup(storage: Storage, nowMs: number): Promise<Finding> {
  const [last] = await listNewestEvents(storage.db, undefined, 1, { type: 'observability.backup_created' })
  const advice = 'Run: gatehouse backup (docs/disaster-recovery.md)'
  if (last === undefined) return warning('none was ever made', advice)
  const days = (nowMs - last.atMs) / dayMs
  const says = `the last one was made ${days < 1 ? 'today' : `${Math.floor(days)} days ago`}`
  return days > 7 ? warning(says, advice) : ok(says)
}
