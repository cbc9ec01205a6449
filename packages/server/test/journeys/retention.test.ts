import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { recordAll } from '#feed'
import { type Act, ManualClock, type OrganizationId } from '#kernel'
import { openArchives } from '../../../cli/src/commands/audit/archives.ts'
import { openServed } from '../../../cli/src/commands/audit/source.ts'
import { verifyAll } from '../../../cli/src/commands/audit/verify.ts'
import { findIndexed } from '../../src/audit/search/index.store.ts'
import { operator } from '../support/api.ts'
import { onEachEngine } from '../support/engines.ts'
import { until } from '../support/house.ts'
import '../support/note-events.ts'
import { startTestServer } from '../support/server.ts'

const dayMs = 86_400_000
const many = 4_200

onEachEngine(
  'retention: bodies past it go, by organization; a hold keeps what it covers and goes before an erasure; archives can be taken away and brought back; the log verifies throughout',
  async (scratch) => {
    const clock = new ManualClock(1_790_000_000_000)
    const server = await startTestServer(scratch, { clock })
    server.web.identifyBy(async () => ({ actor: operator, via: 'bootstrap' }))
    const call = async (method: string, path: string, body?: unknown) => {
      const response = await fetch(`${server.url}${path}`, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      const text = await response.text()
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
    }
    // The command's own verification; its credential would be of another time than this clock's.
    const client = {
      get: async (path: string, { query = {} }: { query?: Record<string, string> } = {}) =>
        call('GET', `${path}?${new URLSearchParams(query)}`.replace(/\?$/, '')),
      send: (_method: string, path: string) => fetch(`${server.url}${path}`),
    }
    const verify = async (archives?: string) =>
      verifyAll(await openServed(client as never, undefined), {
        earlier: [],
        bodies: true,
        ...(archives && { archived: openArchives(archives) }),
        onProgress: () => undefined,
      })
    const sweep = async () => {
      const { status, body } = await call('POST', '/api/audit/sweeps')
      assert.equal(status, 200, JSON.stringify(body))
      return body as { removed: number; held: number; archived: number; away: string[] }
    }
    const settled = () =>
      until(async () => {
        if ((await server.storage.unnumberedSinceMs()) !== undefined) return false
        const { position } = await server.storage.readMark()
        return (
          position > 0 &&
          server.ledger.log.checkpoint.size >= position &&
          (await findIndexed(server.storage.db)) >= position
        )
      }, 30_000)
    try {
      const [one, two] = [
        (await call('POST', '/api/organizations', { name: 'one' })).body.id as OrganizationId,
        (await call('POST', '/api/organizations', { name: 'two' })).body.id as OrganizationId,
      ]
      const user = (
        await call('POST', '/api/users', { organizationId: one, username: 'zephyrina', email: 'z@example.com' })
      ).body.id
      const act: Act = { actor: { type: 'system', name: 'test' }, requestId: 'filler' }
      const note = (organizationId: OrganizationId, id: string, words: string) =>
        ({
          type: 'test.document_read',
          atMs: clock.nowMs(),
          organizationId,
          object: { type: 'Document', id, name: words },
          data: { document: id, methods: [], reason: words },
        }) as const
      const notes = Array.from({ length: many }, (_, at) =>
        note(at % 2 === 0 ? one : two, `doc-${at}`, `word${at % 100}`),
      )
      await server.storage.transact((tx) => recordAll(tx, act, notes))
      await settled()
      const old = (await server.storage.readMark()).position
      clock.advanceMs(40 * dayMs)
      await server.storage.transact((tx) => recordAll(tx, act, [note(one, 'young', 'young')]))
      await settled()
      const whole = await verify()
      assert.equal(whole.bodies, whole.size)

      // No setting goes below what the operator keeps at least; and what is set is held to it.
      const short = { organizationId: two, keepDays: 30 }
      assert.equal((await call('PUT', '/api/audit/retention', short)).body.code, 'audit.retention_below_minimum')
      assert.equal((await call('GET', '/api/audit/retention')).body.minimumDays, 90)
      assert.equal((await call('PUT', '/api/audit/retention/minimum', { days: 30 })).status, 204)

      // Archived: the bodies are in files, every proof goes on, and verify finds them there.
      assert.equal((await call('PUT', '/api/audit/retention', { archiveDays: 30 })).status, 204)
      assert.equal((await call('PUT', '/api/audit/retention', { organizationId: one, archiveDays: 3 })).status, 400)
      assert.deepEqual(await sweep(), { removed: 0, held: 0, archived: 4_096, away: [], running: false } as never)
      await settled()
      const directory = join(scratch.directory, 'audit-archive')
      const [file] = readdirSync(directory) as [string]
      assert.equal(readdirSync(directory).length, 1)
      const lines = zstdDecompressSync(readFileSync(join(directory, file)))
        .toString()
        .trimEnd()
        .split('\n')
      assert.equal(lines.length, 4_096)
      assert.deepEqual([(await verify()).bodies, (await verify()).away], [(await verify()).size, 0])
      assert.match((await call('GET', '/api/audit/entries/50')).body.body, /"position":50/)

      // Taken away to cheap storage: proofs as before, the body is said to be elsewhere, an auditor names the directory.
      const cheap = join(scratch.directory, 'cheap')
      mkdirSync(cheap)
      renameSync(join(directory, file), join(cheap, file))
      const away = await verify()
      assert.deepEqual([away.away, away.bodies], [4_096, away.size - 4_096])
      assert.equal((await verify(cheap)).bodies, away.size)
      assert.equal((await call('GET', '/api/audit/entries/51')).body.code, 'audit.archive_away')
      assert.equal((await call('GET', '/api/audit/proofs/51')).body.code, 'audit.archive_away')

      // Past its retention: organization two's bodies go, from the archive too as soon as it is back; a hold keeps what it names.
      const hold = { organizationId: two, untilMs: 1_790_000_000_000 + dayMs, reason: 'a lawsuit' }
      const held = (await call('POST', '/api/audit/holds', hold)).body
      assert.equal(held.inForce, true)
      assert.equal(
        (await call('POST', '/api/audit/holds', { reason: 'names nothing' })).body.code,
        'audit.hold_invalid',
      )
      assert.equal((await call('PUT', '/api/audit/retention', { organizationId: two, keepDays: 30 })).status, 204)
      const kept = await sweep()
      assert.equal(kept.removed, 0)
      assert.ok(kept.held >= many / 2)
      const found = async (words: string) =>
        (await call('GET', `/api/audit/search?organization=${two}&text=${words}`)).body.items
      assert.ok((await found('word1')).length > 0)
      assert.equal((await call('PUT', '/api/audit/retention/minimum', { days: 60 })).status, 204)
      assert.equal((await sweep()).held, 0, 'not due yet: the minimum holds for what was set before it, too')
      assert.equal((await call('PUT', '/api/audit/retention/minimum', { days: 30 })).status, 204)
      const released = await call('POST', `/api/audit/holds/${held.id}/release`, { reason: 'settled' })
      assert.equal(released.status, 204)
      assert.equal((await call('POST', `/api/audit/holds/${held.id}/release`, { reason: 'again' })).status, 404)
      const gone = await sweep()
      assert.ok(gone.removed >= many / 2, String(gone.removed))
      assert.deepEqual([...new Set(gone.away)], [file])
      assert.equal((await found('word1')).length, 0)
      renameSync(join(cheap, file), join(directory, file))
      await sweep()
      await settled()
      const [smaller] = readdirSync(directory) as [string]
      const left = zstdDecompressSync(readFileSync(join(directory, smaller))).toString()
      assert.equal(left.includes(two), true, 'whose entry it was stays')
      assert.doesNotMatch(left, /word1[^0-9]/)
      const swept = await verify()
      assert.equal(swept.erased, gone.removed)
      assert.equal(swept.bodies, swept.size - gone.removed)
      const blank = (await call('GET', `/api/events?organizationId=${two}`)).body.items.at(-1)
      assert.deepEqual([blank.object.id, blank.actor.name, blank.data], ['expired', 'expired', {}])
      // What is younger, and whose organization keeps for good, is whole.
      assert.equal((await call('GET', '/api/audit/search?text=young')).body.items.length, 1)

      // An erasure waits for a hold on the person.
      const person = (
        await call('POST', '/api/audit/holds', { subject: user, endsAtMs: clock.nowMs() + dayMs, reason: 'inquiry' })
      ).body
      assert.equal(person.subject, user)
      assert.equal((await call('DELETE', `/api/users/${user}`)).status < 300, true)
      await settled()
      // What is still on its way to the log is waited for, as the answer says.
      let refused = ''
      await until(async () => {
        refused = (await call('POST', '/api/audit/erasures', { userId: user })).body.code
        return refused !== 'audit.person_unsettled'
      })
      assert.equal(refused, 'audit.held')
      clock.advanceMs(2 * dayMs)
      await settled()
      const erased = await call('POST', '/api/audit/erasures', { userId: user })
      assert.equal(erased.status, 200, JSON.stringify(erased.body))
      await settled()
      assert.ok((await verify()).erased > swept.erased)
      assert.doesNotMatch(
        zstdDecompressSync(readFileSync(join(directory, readdirSync(directory)[0] as string))).toString(),
        new RegExp(user),
      )

      // A body that somebody took away in the database is not taken for an erased one.
      const { position } = await server.storage.readMark()
      const nothing = { salt: null, body: null }
      await server.storage.transact((tx) =>
        tx.updateTable('ledger_entries').set(nothing).where('position', '=', position).execute(),
      )
      await assert.rejects(verify(), { detail: new RegExp(`the body of entry ${position} is gone, and no entry says`) })

      // A turned bit in an archive is found.
      const path = join(directory, readdirSync(directory)[0] as string)
      const bytes = readFileSync(path)
      bytes[100] = (bytes[100] as number) ^ 1
      writeFileSync(path, bytes)
      await server.close()
      assert.ok(old > many)
    } catch (error) {
      await server.close()
      throw error
    }
    const again = await startTestServer(scratch, { clock })
    try {
      again.web.identifyBy(async () => ({ actor: operator, via: 'bootstrap' }))
      const answer = await (await fetch(`${again.url}/api/audit/entries/50`)).json()
      assert.equal((answer as { code: string }).code, 'audit.archive_damaged')
    } finally {
      await again.close()
    }
  },
)
