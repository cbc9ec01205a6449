import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Tile, verifyLog } from '@gatehouse/tlog'
import { listEvents, record } from '#feed'
import { type Act, Meter, systemClock, systemEntropy } from '#kernel'
import { Outgoing } from '#web'
import { openAuditHouse } from '../../../test/support/audit-house.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import '../../../test/support/note-events.ts'
import { readLedgerTile } from '../ledger/database-storage.ts'
import { findLedgerState, listLedgerEntries } from '../ledger/ledger.store.ts'
import { toSyslog } from './format.ts'
import { runSinks } from './run-sinks.ts'
import { readSinkFile } from './sink-file.ts'

const hostile = [
  'line\nfeed\r\n<110>1 2026-01-01T00:00:00Z forged gatehouse - - - a second message',
  'nul\u0001 bell\u0007 escape\u001b[2J',
  'rtl\u202eexe.txt isolate\u2066',
  'quote" bracket] backslash\\',
  'separators\u2028\u2029 nothing\u200b\ufeff tags\u{e0041}',
  '=HYPERLINK("http://evil")',
  'lone \ud800 half',
  'x'.repeat(200_000),
]
/** What a line, a terminal or an eye takes for something else; `\n` ends a record. */
const strange = /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u

onEachEngine(
  'hostile and oversized values are stored as they came, bound by a leaf that stays small, and leave by no sink as anything but visible characters that parse to what they were',
  async (scratch, t) => {
    const bodies: string[] = []
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      bodies.push(`${request.url} ${body}`)
      response.writeHead(200).end('{}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const house = await openAuditHouse(
      scratch.directory,
      (where, error) => assert.fail(`${where}: ${error}`),
      scratch.address,
    )
    const file = join(scratch.directory, 'sinks.yaml')
    writeFileSync(join(scratch.directory, 'secret'), 'a secret of the webhook\n')
    writeFileSync(
      file,
      `sinks:
  - {name: disk, kind: file, path: out.ndjson, format: gatehouse}
  - {name: hook, kind: webhook, url: '${url}/hook', secret_file: secret, format: gatehouse}
  - {name: otel, kind: otlp, url: '${url}/v1/logs', format: gatehouse}
`,
    )
    const sinks = await runSinks({
      storage: house.storage,
      clock: systemClock,
      entropy: systemEntropy,
      meter: new Meter(),
      sinks: readSinkFile(file, { outgoing: new Outgoing(['127.0.0.1']), clock: systemClock }),
      onError: (where, error) => assert.fail(`${where}: ${error}`),
      pauseMs: 10,
    })
    try {
      for (const name of hostile) {
        const act: Act = { actor: { type: 'anonymous', name }, requestId: 'req_hostile' }
        await house.storage.transact((tx) =>
          record(tx, act, {
            type: 'test.document_read',
            atMs: 1,
            organizationId: undefined,
            object: { type: 'Document', id: 'doc', name },
            data: { document: name, methods: [name], reason: name },
          }),
        )
      }
      await until(async () => (await sinks.report()).every(({ position }) => position === hostile.length), 15_000)
      // PostgreSQL keeps no half of a surrogate pair, and neither does UTF-8: it is the replacement character from then on.
      const stored = hostile.map((name) => name.toWellFormed())
      const events = await listEvents(house.storage.db, 0, 100)
      const named = (list: readonly { object: { name?: string } }[]) =>
        list.map(({ object }) => object.name?.toWellFormed())
      assert.deepEqual(named(events), stored)
      const entries = await listLedgerEntries(house.storage.db, 0, 100)
      assert.deepEqual(named(entries.map(({ body }) => JSON.parse(body as string))), stored)
      const { checkpoint } = (await findLedgerState(house.storage.db)) as { checkpoint: string }
      const leaves: number[] = []
      await verifyLog({
        checkpoint,
        logKey: house.ledger.log.verifierKey,
        read: (tile: Tile) => readLedgerTile(house.storage, tile),
        onEntry: (_index, entry) => void leaves.push(entry.length),
      })
      assert.ok(leaves.length === hostile.length && leaves.every((length) => length < 100))

      const lines = readFileSync(join(scratch.directory, 'out.ndjson'), 'utf8')
      const rows = lines.trimEnd().split('\n')
      assert.deepEqual(named(rows.map((line) => JSON.parse(line))), stored)
      const hooks = bodies.filter((body) => body.startsWith('/hook ')).map((body) => body.slice(6))
      const logs = bodies.filter((body) => body.startsWith('/v1/logs ')).map((body) => body.slice(9))
      const records = logs.flatMap((body) => JSON.parse(body).resourceLogs[0].scopeLogs[0].logRecords)
      assert.deepEqual(named(records.map(({ body }) => JSON.parse(body.stringValue))), stored)
      const syslog = events.map((event) => toSyslog(event, 'gatehouse', 'host'))
      assert.deepEqual(named(syslog.map((line) => JSON.parse(line.slice(line.indexOf('\ufeff') + 1)))), stored)
      for (const text of [lines, ...hooks, ...logs, ...syslog.map((line) => line.replace('\ufeff', ''))])
        assert.doesNotMatch(text, strange)
      for (const line of syslog) assert.equal(line.includes('\n'), false)
    } finally {
      await sinks.close()
      await house.close()
    }
  },
)
