// What a backup brings back and nobody may hold: after it sessions ended, keys were revoked, secrets replaced, and it knows nothing of that.
import { endEverySession, voidEntries } from '#authentication'
import {
  listApplications,
  listMachines,
  listOrganizations,
  moveApplicationIn,
  moveMachineIn,
  type Organization,
} from '#directory'
import { record } from '#feed'
import type { Act, Clock, Entropy } from '#kernel'
import { retireEverySigningKey } from '#keyring'
import '#observability'
import { type DatabaseAddress, openStorage, type Storage } from '#storage'
import { endEveryApiKey, endEveryToken } from '#tokens'
import { migrations } from './migrations.ts'

export interface EndRestoredInput {
  readonly address: DatabaseAddress
  readonly clock: Clock
  readonly entropy: Entropy
  readonly backupAtMs: number
  /** Whether API keys, secrets and keys stay as the backup has them. Default: they do not. */
  readonly keepCredentials?: boolean
}

export interface EndedRestored {
  readonly sessions: number
  readonly tokens: number
  readonly links: number
  readonly apiKeys: number
  readonly signingKeys: number
  readonly machines: number
  readonly applications: number
}

const pageRows = 200
const reason = 'restored from a backup: activate it once its secrets and keys are known to be those in force'

/**
 * Ends sessions and tokens of a restored database, and what opens doors by itself: one-time links are void, second factors are asked for
 * again, API keys are revoked, signing keys retired, machines and applications that have secrets, keys or trusts suspended until somebody
 * activates them. Migrates the database to this version. Every change is an event.
 */
export async function endRestored(input: EndRestoredInput): Promise<EndedRestored> {
  const { address, clock, entropy, backupAtMs, keepCredentials = false } = input
  const storage = await openStorage(address, { clock, migrations })
  const act: Act = { actor: { type: 'system', name: 'restore' }, requestId: `restore-${clock.nowMs()}` }
  const ended = { sessions: 0, tokens: 0, links: 0, apiKeys: 0, signingKeys: 0, machines: 0, applications: 0 }
  try {
    ended.tokens = await storage.transact((tx) => endEveryToken(tx))
    ended.links = await storage.transact((tx) => voidEntries(tx, clock.nowMs()))
    for await (const organization of organizations(storage)) {
      ended.sessions += await storage.transact((tx) => endEverySession(tx, { clock }, act, organization.id, 'restored'))
      if (keepCredentials) continue
      const deps = { clock, entropy }
      for await (const { id, credentials, trusts } of pages(storage, organization, listMachines)) {
        if (credentials.secrets.length + credentials.keys.length + trusts.length === 0) continue
        await storage.transact((tx) => moveMachineIn(tx, deps, act, id, 'suspend', { reason }))
        ended.machines++
      }
      for await (const { id, credentials } of pages(storage, organization, listApplications)) {
        if (credentials.secrets.length + credentials.keys.length === 0) continue
        await storage.transact((tx) => moveApplicationIn(tx, deps, act, id, 'suspend', { reason }))
        ended.applications++
      }
    }
    if (!keepCredentials) {
      ended.apiKeys = await endEveryApiKey(storage, clock, act, 'restored')
      ended.signingKeys = await storage.transact((tx) => retireEverySigningKey(tx, { clock }, act))
    }
    await storage.transact((tx) =>
      record(tx, act, {
        type: 'observability.backup_restored',
        atMs: clock.nowMs(),
        organizationId: undefined,
        object: { type: 'Gatehouse::Deployment', id: 'gatehouse' },
        data: { backupAt: new Date(backupAtMs).toISOString(), credentialsKept: keepCredentials, ...ended },
      }),
    )
    return ended
  } finally {
    await storage.close()
  }
}

async function* organizations({ db }: Storage): AsyncGenerator<Organization> {
  for (let after: string | undefined; ; ) {
    const some = await listOrganizations(db, { after, limit: pageRows })
    yield* some
    if (some.length < pageRows) return
    after = some.at(-1)?.name
  }
}

/** The active ones of an organization, read before any of them changes. */
async function* pages<T extends { readonly id: string; readonly name: string }>(
  { db }: Storage,
  { id }: Organization,
  list: (
    db: Storage['db'],
    filter: { readonly organizationIds: readonly Organization['id'][]; readonly state: 'active' },
    page: { after?: [string, string, string] | undefined; limit: number },
  ) => Promise<T[]>,
): AsyncGenerator<T> {
  for (let after: [string, string, string] | undefined; ; ) {
    const some = await list(db, { organizationIds: [id], state: 'active' }, { after, limit: pageRows })
    yield* some
    const last = some.at(-1)
    if (some.length < pageRows || last === undefined) return
    after = [id, last.name, last.id]
  }
}
