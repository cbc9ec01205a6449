import { hash as hashOnce, timingSafeEqual } from 'node:crypto'
import { type Clock, type Entropy, Fault, randomToken, Secret } from '#kernel'
import '../faults.ts'
import type { ClientSecretRecord, Credentials } from './credentials.ts'

/** Live secrets of one client, so that a rotation can overlap and no more. */
const secretsMost = 5
const prefix = 'ghsec_'

function hashOf(secret: Secret): Buffer {
  return hashOnce('sha256', secret.reveal(), 'buffer')
}

/**
 * Whether this is one of the client's secrets and not expired; in constant time for each. Synchronous and without I/O.
 */
export function verifyClientSecret(
  client: { credentials: Credentials },
  secret: Secret,
  nowMs: number,
  /** Told of the one that it is. */
  onUse?: (secretId: string) => void,
): boolean {
  if (client.credentials.authMethod !== 'client_secret_basic') return false
  const given = hashOf(secret)
  let right = false
  for (const { id, hash, expiresAtMs } of client.credentials.secrets) {
    const same = timingSafeEqual(given, Buffer.from(hash, 'base64url'))
    if (!same || (expiresAtMs !== undefined && nowMs >= expiresAtMs)) continue
    right = true
    onUse?.(id)
  }
  return right
}

export interface IssuedSecret {
  readonly secretId: string
  /** Shown this once. */
  readonly secret: Secret
  readonly credentials: Credentials
  /** Ids of the secrets that end: at once, or after the overlap. */
  readonly replaced: string[]
}

export interface IssueOptions {
  /** How long the former secrets stay valid; default 0. */
  readonly overlapSeconds?: number | undefined
  /** How long the new one is valid; default without end. */
  readonly validSeconds?: number | undefined
}

/**
 * A new secret of 256 random bits beside what the client has.
 * @throws {Fault} `directory.no_client_secret`, `directory.too_many`
 */
export function issueSecret(
  deps: { clock: Clock; entropy: Entropy },
  credentials: Credentials,
  options: IssueOptions,
): IssuedSecret {
  if (credentials.authMethod !== 'client_secret_basic') throw new Fault('directory.no_client_secret')
  const nowMs = deps.clock.nowMs()
  const secret = new Secret(`${prefix}${randomToken(deps.entropy)}`)
  const record: ClientSecretRecord = {
    id: randomToken(deps.entropy, 9),
    hash: hashOf(secret).toString('base64url'),
    issuedAtMs: nowMs,
    ...(options.validSeconds !== undefined && { expiresAtMs: nowMs + options.validSeconds * 1_000 }),
  }
  const endsAtMs = nowMs + (options.overlapSeconds ?? 0) * 1_000
  const kept = credentials.secrets
    .filter((old) => endsAtMs > nowMs && (old.expiresAtMs === undefined || old.expiresAtMs > nowMs))
    .map((old) => ({ ...old, expiresAtMs: Math.min(old.expiresAtMs ?? endsAtMs, endsAtMs) }))
  if (kept.length >= secretsMost) {
    throw new Fault('directory.too_many', { detail: `It has ${secretsMost} valid client secrets: revoke one first` })
  }
  return {
    secretId: record.id,
    secret,
    credentials: { ...credentials, secrets: [...kept, record] },
    replaced: credentials.secrets.map((old) => old.id),
  }
}

/** @throws {Fault} `directory.secret_unknown` */
export function withoutSecret(credentials: Credentials, secretId: string): Credentials {
  const secrets = credentials.secrets.filter((secret) => secret.id !== secretId)
  if (secrets.length === credentials.secrets.length) throw new Fault('directory.secret_unknown')
  return { ...credentials, secrets }
}
