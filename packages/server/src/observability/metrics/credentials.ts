import { type Credentials, listApplications, listMachines } from '#directory'
import type { Clock, Meter } from '#kernel'
import type { Reader, Storage } from '#storage'

export const credentialKinds = ['application_secret', 'application_key', 'machine_secret', 'machine_key'] as const
export type CredentialKind = (typeof credentialKinds)[number]

/** A credential in use, and whose. */
export interface AgedCredential {
  readonly kind: CredentialKind
  readonly holder: string
  readonly holderId: string
  readonly sinceMs: number
}

const pageOf = 200
/** Walking the directory costs little, but not nothing: its credentials age slowly. */
const againMs = 10 * 60_000

/** Every credential that is valid now, of every active application and machine, a page of the directory at a time. */
export async function* credentialsInUse(db: Reader, nowMs: number): AsyncGenerator<AgedCredential> {
  for (const [noun, list] of [
    ['application', listApplications],
    ['machine', listMachines],
  ] as const) {
    let after: readonly [string, string, string] | undefined
    for (;;) {
      const page = await list(db, { state: 'active' }, { after, limit: pageOf })
      for (const { id, name, credentials } of page)
        for (const { kind, sinceMs } of valid(credentials, nowMs))
          yield { kind: `${noun}_${kind}`, holder: name, holderId: id, sinceMs }
      const last = page.at(-1)
      if (last === undefined || page.length < pageOf) break
      after = [last.organizationId, last.name, last.id]
    }
  }
}

function valid({ secrets, keys, authMethod }: Credentials, nowMs: number) {
  const lives = ({ expiresAtMs }: { expiresAtMs?: number }) => expiresAtMs === undefined || nowMs < expiresAtMs
  return [
    ...(authMethod === 'client_secret_basic' ? secrets : [])
      .filter(lives)
      .map(({ issuedAtMs }) => ({ kind: 'secret' as const, sinceMs: issuedAtMs })),
    ...(authMethod === 'private_key_jwt' ? keys : [])
      .filter(lives)
      .map(({ registeredAtMs }) => ({ kind: 'key' as const, sinceMs: registeredAtMs })),
  ]
}

/**
 * The age of the oldest credential of each kind: credentials are to be replaced on a cadence. API keys are not among them: none is made
 * that does not end by itself.
 */
export function measureCredentials({ storage, clock, meter }: { storage: Storage; clock: Clock; meter: Meter }): void {
  let oldest: ReadonlyMap<CredentialKind, number> | undefined
  let readAtMs = Number.NEGATIVE_INFINITY
  let running: Promise<void> | undefined
  const read = async () => {
    const nowMs = clock.nowMs()
    const found = new Map<CredentialKind, number>()
    for await (const { kind, sinceMs } of credentialsInUse(storage.db, nowMs))
      found.set(kind, Math.min(found.get(kind) ?? sinceMs, sinceMs))
    oldest = found
    readAtMs = nowMs
  }
  meter.gauge(
    'credential_oldest_age_seconds',
    'Age of the oldest valid credential of an active application or machine, by kind; 0 where there is none',
    ['kind'],
    async function () {
      const nowMs = clock.nowMs()
      if (nowMs - readAtMs >= againMs) {
        running ??= read()
          .catch(() => undefined)
          .finally(() => {
            running = undefined
          })
        await running
      }
      if (oldest === undefined) return
      for (const kind of credentialKinds) {
        const since = oldest.get(kind)
        this.set({ kind }, since === undefined ? 0 : Math.max(0, nowMs - since) / 1_000)
      }
    },
  )
}
