import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  answerAddCheckpoint,
  type Checkpoint,
  formatVerifierKey,
  noteAlgorithm,
  openCheckpoint,
  parsePolicy,
  rawEd25519,
  requireQuorum,
  type Witness,
} from '@gatehouse/tlog'
import { listEvents } from '#feed'
import { Meter, systemClock } from '#kernel'
import { Outgoing } from '#web'
import { openAuditHouse } from '../../../test/support/audit-house.ts'
import { alarmsOf } from '../../../test/support/burning.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { noteEvent } from '../../../test/support/note-events.ts'
import { findLedgerState } from '../ledger/ledger.store.ts'
import { findWitnessed } from './witness.store.ts'
import { openWitnesses } from './witnesses.ts'

/** A witness as anybody may run one: `packages/tlog` behind an HTTP server. */
async function serveWitness(t: TestContext, logKey: Witness['logs'][number], name: string) {
  const pair = generateKeyPairSync('ed25519')
  const publicKey = rawEd25519(pair.publicKey)
  const latest = new Map<string, Checkpoint>()
  const witness: Witness = {
    name,
    publicKey,
    sign: (data) => sign(null, data, pair.privateKey),
    logs: [logKey],
    nowSeconds: () => Math.floor(systemClock.nowMs() / 1_000),
    memory: {
      latest: async (origin) => latest.get(origin),
      replace: async (origin, expected, next) => {
        if ((latest.get(origin)?.size ?? 0) !== expected) return false
        latest.set(origin, next)
        return true
      },
    },
  }
  const state = { up: true, asked: 0 }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    state.asked++
    if (!state.up) return void response.writeHead(503).end()
    const answer = await answerAddCheckpoint(witness, body)
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const line = `witness ${name} ${formatVerifierKey(name, noteAlgorithm.cosignature, publicKey)} ${url}`
  return { state, latest, line }
}

const until = async (holds: () => Promise<boolean> | boolean) => {
  const end = Date.now() + 10_000
  while (!(await holds())) {
    assert.ok(Date.now() < end, `did not come to be: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

onEachEngine(
  'witnesses cosign what is published; one of two may be down; one that saw another log is a fork: found, named once on record, and paged (C2SP tlog-witness)',
  async (scratch, t) => {
    const errors: string[] = []
    const house = await openAuditHouse(
      scratch.directory,
      (where, error) => assert.fail(`${where}: ${error}`),
      scratch.address,
    )
    const first = await serveWitness(t, house.ledger.log.verifierKey, 'one.example')
    const second = await serveWitness(t, house.ledger.log.verifierKey, 'two.example')
    const policyText = `${first.line}\n${second.line}\ngroup any 1 one.example two.example\nquorum any\n`
    const policyFile = join(scratch.directory, 'witnesses.policy')
    writeFileSync(policyFile, policyText)
    const meter = new Meter()
    const witnesses = openWitnesses({
      storage: house.storage,
      clock: systemClock,
      meter,
      outgoing: new Outgoing(['127.0.0.1']),
      ledger: house.ledger,
      policyFile,
      everyMs: 20,
      onError: (where) => void errors.push(where),
    })
    try {
      let written = 0
      const write = () => house.storage.transact((tx) => noteEvent(tx, ++written))
      /** Writes until a checkpoint is published with just these cosignatures; a witness that is slow to answer has the next one. */
      const cosignedBy = async (...expected: string[]) => {
        const end = Date.now() + 20_000
        for (;;) {
          await write()
          await until(async () => ((await findWitnessed(house.storage.db))?.size ?? 0) >= written)
          const { checkpoint } = (await findWitnessed(house.storage.db)) as { checkpoint: string }
          const opened = openCheckpoint(checkpoint, house.ledger.log.verifierKey)
          const policy = { ...parsePolicy(policyText), logs: [house.ledger.log.verifierKey] }
          const names = requireQuorum(opened.note, policy).witnesses.map(({ name }) => name)
          if (names.sort().join() === expected.join()) return
          assert.ok(Date.now() < end, `cosigned by ${names}, not by ${expected}`)
        }
      }
      await cosignedBy('one.example', 'two.example')
      second.state.up = false
      await cosignedBy('one.example')
      // It has missed a size, and says so: it is asked again from where it stands.
      second.state.up = true
      await cosignedBy('one.example', 'two.example')
      assert.ok(errors.includes('witness two.example') && !errors.includes('witness one.example'), String(errors))
      // One that has seen more than there is: a fork, or a backup put back.
      const origin = house.ledger.log.checkpoint.origin
      first.latest.set(origin, { origin, size: 1_000, root: Buffer.alloc(32, 7) })
      assert.deepEqual(await alarmsOf(meter), {})
      await cosignedBy('two.example')
      await cosignedBy('two.example')
      assert.equal(errors.at(-1), 'witness one.example')
      assert.match(await meter.expose(), /^audit_witness_disagreements_total [1-9]/m)
      assert.deepEqual(await alarmsOf(meter), { 'audit-integrity': 'page' })
      const disagreed = () => listEvents(house.storage.db, 0, 100, { type: 'audit.witness_disagreed' })
      await until(async () => (await disagreed()).length > 0)
      const [fork, ...more] = await disagreed()
      assert.deepEqual([fork?.object.id, more], ['one.example', []])
      assert.match(
        String((fork?.data as { says: string }).says),
        /one\.example has seen a log of 1000 entries; ours had/,
      )
      // The notes and the event.
      written++
      await until(async () => (await findWitnessed(house.storage.db))?.size === written)
      assert.match(await meter.expose(), new RegExp(`^audit_events_witnessed ${written}$`, 'm'))
      // Without a quorum nothing is published, and the ledger goes on.
      second.state.up = false
      await write()
      await until(async () => (await findLedgerState(house.storage.db))?.size === written)
      const asked = second.state.asked
      await until(() => second.state.asked > asked + 1)
      assert.equal((await findWitnessed(house.storage.db))?.size, written - 1)
    } finally {
      await witnesses.close()
      await house.close()
    }
  },
)

onEachEngine('a policy file that cannot be used keeps the server from starting, with its line', async (scratch) => {
  const policyFile = join(scratch.directory, 'witnesses.policy')
  writeFileSync(policyFile, 'witness\nquorum none\n')
  const deps = { storage: {}, ledger: {}, clock: systemClock, meter: new Meter(), outgoing: new Outgoing() }
  assert.throws(() => openWitnesses({ ...deps, policyFile, onError: () => undefined } as never), {
    code: 'audit.policy_invalid',
    message: /witnesses\.policy: policy line 1/,
  })
})
