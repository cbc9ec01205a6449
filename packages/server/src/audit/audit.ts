import { join } from 'node:path'
import type { Gate } from '#authorization'
import type { Feed } from '#feed'
import type { Clock, Entropy, Meter } from '#kernel'
import type { Keyring } from '#keyring'
import type { Storage } from '#storage'
import type { Operation, Outgoing } from '#web'
import { eraseOperations } from './erase/erase.routes.ts'
import { ErasedList } from './erase/erased-list.ts'
import { repeatErasures } from './erase/repeat-erasures.ts'
import { ledgerOperations } from './ledger/ledger.routes.ts'
import { type Ledger, openLedger } from './ledger/ledger.ts'
import { PersonKeys } from './persons/person-keys.ts'
import { Archives } from './retention/archive.ts'
import { archiveDirectoryOf } from './retention/archive-files.ts'
import { retentionOperations } from './retention/retention.routes.ts'
import { runSweeps } from './retention/run-sweeps.ts'
import { followIntoIndex } from './search/follow.ts'
import { searchOperations } from './search/search.routes.ts'
import { runSinks } from './sinks/run-sinks.ts'
import { sinkOperations } from './sinks/sink.routes.ts'
import { readSinkFile } from './sinks/sink-file.ts'
import { measureCompleteness } from './watch/completeness.ts'
import { openScrub } from './watch/scrub.ts'
import { watchClock } from './watch/watch-clock.ts'
import { openWitnesses } from './witnesses/witnesses.ts'

export interface AuditDeps {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly keyring: Keyring
  readonly gate: Gate
  readonly outgoing: Outgoing
  readonly url: string
  /** What is kept beside the database: who was erased, archives. */
  readonly dataDirectory: string
  /** Trust policy of the witnesses; undefined for none. */
  readonly witnessPolicyFile: string | undefined
  /** File of sinks; undefined for none. */
  readonly sinkFile: string | undefined
  readonly onError: (where: string, error: unknown) => void
}

export interface Audit {
  readonly ledger: Ledger
  readonly operations: readonly Operation[]
  close(): Promise<void>
}

/** Opens the audit log and all that follows it. */
export async function openAudit(deps: AuditDeps): Promise<Audit> {
  const { storage, gate } = deps
  const key = await deps.keyring.namedKey('audit.log')
  const persons = new PersonKeys({ ...deps, sealer: deps.keyring })
  const archives = new Archives(storage, archiveDirectoryOf(deps.dataDirectory))
  const ledger = await openLedger({ ...deps, key, persons })
  const undo: (() => Promise<void>)[] = [() => ledger.close()]
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const witnesses = openWitnesses({ ...deps, ledger, policyFile: deps.witnessPolicyFile })
    undo.push(() => witnesses.close())
    const index = await followIntoIndex(deps)
    undo.push(() => index.close())
    const named = deps.sinkFile === undefined ? [] : readSinkFile(deps.sinkFile, deps)
    const sinks = await runSinks({ ...deps, sinks: named })
    undo.push(() => sinks.close())
    measureCompleteness({ ...deps, sinks })
    const clockWatch = await watchClock(deps)
    undo.push(async () => clockWatch.close())
    const scrub = openScrub({ ...deps, archives })
    undo.push(() => scrub.close())
    const exportedThrough = async () =>
      Math.min(Number.MAX_SAFE_INTEGER, ...(await sinks.report()).map(({ position }) => position))
    const sweeps = await runSweeps({ ...deps, archives, exportedThrough })
    undo.push(() => sweeps.close())
    const erase = {
      ...deps,
      persons,
      archives,
      list: new ErasedList(join(deps.dataDirectory, 'erased-persons.ndjson')),
    }
    const again = repeatErasures(erase)
    undo.push(() => again.close())
    return {
      ledger,
      operations: [
        ...ledgerOperations({ storage, gate, ledger, persons, archives, witnessed: witnesses.demanded }),
        ...sinkOperations({ ...deps, sinks }),
        ...searchOperations(deps),
        ...eraseOperations(erase),
        ...retentionOperations({ ...deps, sweeps }),
      ],
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
