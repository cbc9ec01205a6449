// Feed, ledger and decision journal in one directory, without the rest of the server: for crash rounds by the hundred.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Feed } from '#feed'
import { Meter, systemClock, systemEntropy } from '#kernel'
import { type DatabaseAddress, openStorage, type Storage } from '#storage'
import { type Ledger, openLedger } from '../../src/audit/index.ts'
import { PersonKeys } from '../../src/audit/persons/person-keys.ts'
import { Journal } from '../../src/authorization/journal/journal.ts'
import { migrations } from '../../src/gatehouse.ts'

export interface AuditHouse {
  readonly storage: Storage
  readonly feed: Feed
  readonly ledger: Ledger
  readonly journal: Journal
  close(): Promise<void>
}

/** @param onError told of what followers and journal could not do */
export async function openAuditHouse(
  directory: string,
  onError: (where: string, error: unknown) => void,
  address: DatabaseAddress = { engine: 'sqlite', file: join(directory, 'a.db') },
): Promise<AuditHouse> {
  const storage = await openStorage(address, { clock: systemClock, migrations })
  const meter = new Meter()
  const feed = new Feed({ storage, clock: systemClock, meter, onError })
  const key = logKey(directory)
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
  const ledger = await openLedger({
    storage,
    feed,
    clock: systemClock,
    entropy: systemEntropy,
    meter,
    key: { publicKey, sign: (data) => sign(null, data, key) },
    persons: testPersonKeys(storage),
    url: 'https://id.example.com',
    onError,
  })
  const journal = await Journal.open({
    directory: join(directory, 'journal'),
    clock: systemClock,
    meter,
    onError,
    segmentBytes: 100_000,
  })
  return {
    storage,
    feed,
    ledger,
    journal,
    close: async () => {
      await journal.close()
      await ledger.close()
      await feed.close()
      await storage.close()
    },
  }
}

/** Keys of persons that no keyring wraps. */
export const testPersonKeys = (storage: Storage) =>
  new PersonKeys({
    storage,
    clock: systemClock,
    entropy: systemEntropy,
    sealer: { seal: (_purpose, plain) => plain, unseal: async (_purpose, sealed) => sealed },
  })

/** The log's key outlives every kill. */
function logKey(directory: string): KeyObject {
  const file = join(directory, 'log.pem')
  if (!existsSync(file))
    writeFileSync(file, generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }))
  return createPrivateKey(readFileSync(file))
}
