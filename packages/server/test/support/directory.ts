import type { Gate } from '#authorization'
import { type DirectoryDeps, ensureHomeOrganization, type Organization } from '#directory'
import { type FeedEvent, listEvents } from '#feed'
import { type Act, Fault, ManualClock, systemEntropy } from '#kernel'
import { openStorage, type Storage } from '#storage'
import { migrations } from '../../src/migrations.ts'
import type { Scratch } from './engines.ts'
import { numberAllEvents } from './number-events.ts'

export const systemAct: Act = { actor: { type: 'system', name: 'test' }, requestId: 'req-test' }

/** A gate that allows what `allows` says, everything by default, and remembers what it was asked. */
export function testGate(allows: (action: string, resource: { type: string; id: string }) => boolean = () => true) {
  const asked: string[] = []
  const may: Gate['may'] = (_act, action, resource) => {
    asked.push(`${action} ${resource.type}`)
    return allows(action, resource)
  }
  const gate: Gate = {
    may,
    require: (act, action, resource) => {
      if (!may(act, action, resource)) throw new Fault('web.unauthenticated')
    },
  }
  return { gate, asked }
}

export interface DirectoryFixture extends DirectoryDeps {
  readonly clock: ManualClock
  readonly storage: Storage
  readonly home: Organization
  /** Every event so far, in order; on PostgreSQL they are numbered first. */
  events(): Promise<FeedEvent[]>
}

/** The directory's tables in a scratch database, with the home organization. */
export async function openDirectory(scratch: Scratch, gate: Gate = testGate().gate): Promise<DirectoryFixture> {
  const clock = new ManualClock(Date.UTC(2027, 0, 1))
  const storage = await openStorage(scratch.address, { clock, migrations, poolSize: 24 })
  const deps = { storage, clock, entropy: systemEntropy, gate }
  const home = await ensureHomeOrganization(deps)
  const events = async () => {
    await numberAllEvents(storage)
    return listEvents(storage.db, 0, 100_000)
  }
  return { ...deps, home, events }
}
