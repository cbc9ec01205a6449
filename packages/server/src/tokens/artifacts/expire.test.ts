import assert from 'node:assert/strict'
import { ManualClock } from '#kernel'
import { openStorage } from '#storage'
import { onEmptyDatabase } from '../../../test/support/engines.ts'
import { participantMigrations } from '../logout/participant.store.ts'
import { listRevocations, putRevocation, revocationMigrations } from '../revocation/revocation.store.ts'
import { RevocationSet } from '../revocation/revocation-set.ts'
import { statusMigrations } from '../status-lists/status-entry.store.ts'
import { artifactMigrations, findArtifact, insertArtifact } from './artifact.store.ts'
import { artifactId } from './artifact.ts'
import { expireArtifacts } from './expire.ts'

onEmptyDatabase(
  'what has ended is not found at once, and is deleted in steps that no request waits for',
  async (scratch) => {
    const clock = new ManualClock(1_000_000)
    const migrations = [...artifactMigrations, ...revocationMigrations, ...participantMigrations, ...statusMigrations]
    const storage = await openStorage(scratch.address, { clock, migrations })
    const ids = Array.from({ length: 1_203 }, (_, index) => artifactId('RefreshToken', `t${index}`))
    await storage.transact(async (tx) => {
      for (const [index, id] of ids.entries())
        await insertArtifact(tx, {
          id,
          kind: 'RefreshToken',
          clientId: 'app_1',
          subject: 'user_1',
          grantId: 'g',
          sessionId: undefined,
          payload: {},
          issuedAtMs: 1_000_000,
          expiresAtMs: 1_000_000 + (index < 1_200 ? 60_000 : 3_600_000),
          consumedAtMs: undefined,
        })
      await putRevocation(tx, { kind: 'grant', id: 'short', beforeMs: undefined, untilMs: 1_060_000 })
      await putRevocation(tx, { kind: 'grant', id: 'long', beforeMs: undefined, untilMs: 9_000_000 })
    })
    clock.advanceMs(60_000)
    assert.equal(await findArtifact(storage.db, ids[0] as string, clock.nowMs()), undefined)
    assert.ok(await findArtifact(storage.db, ids[1_202] as string, clock.nowMs()))

    clock.advanceMs(121_000)
    const revocations = new RevocationSet(clock)
    for (const revocation of await listRevocations(storage.db)) revocations.add(revocation)
    const errors: unknown[] = []
    const expiry = expireArtifacts({ storage, clock, revocations, onError: (_where, error) => void errors.push(error) })
    const left = async () => (await storage.db.selectFrom('token_artifacts').select('id').execute()).length
    await expiry.sweep()
    assert.equal(await left(), 3)
    assert.deepEqual(
      (await listRevocations(storage.db)).map(({ id }) => id),
      ['long'],
    )
    assert.deepEqual([revocations.has('grant', 'short'), revocations.has('grant', 'long')], [false, true])
    await expiry.stop()
    assert.deepEqual(errors, [])
    await storage.close()
  },
)
