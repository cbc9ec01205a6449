import assert from 'node:assert/strict'
import { test } from 'node:test'
import { record } from '#feed'
import { type Act, ManualClock, Meter, type OrganizationId, type UserId } from '#kernel'
import { openAuditHouse } from '../../../test/support/audit-house.ts'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import '../../../test/support/note-events.ts'
import { toCsvField, toVisibleJson } from '../sinks/escape.ts'
import { writeExport } from './export.ts'
import { followIntoIndex } from './follow.ts'
import { findIndexed } from './index.store.ts'
import { findMatching, type Search } from './search.ts'

const acme = 'org_00000000000000000000000001' as OrganizationId
const other = 'org_00000000000000000000000002' as OrganizationId
const hour = 3_600_000

async function start(scratch: Scratch) {
  const house = await openAuditHouse(
    scratch.directory,
    (where, error) => assert.fail(`${where}: ${error}`),
    scratch.address,
  )
  const index = await followIntoIndex({ ...house, meter: new Meter() })
  const clock = new ManualClock(1_790_000_000_000)
  let written = 0
  const write = async (
    actor: string,
    target: string,
    reason: string,
    more: { organizationId?: OrganizationId; outcome?: 'denied' } = {},
  ) => {
    const { organizationId = acme, outcome = 'success' } = more
    const id = `user_${actor.padStart(26, '0')}` as UserId
    const act: Act = { actor: { type: 'user', id, organizationId, name: actor }, requestId: `req-${++written}` }
    const data = { document: target, methods: ['pwd'], reason }
    await house.storage.write((tx) =>
      record(tx, act, {
        type: 'test.document_read',
        atMs: clock.nowMs(),
        organizationId,
        object: { type: 'Document', id: `doc-${written}`, name: target },
        outcome,
        data,
      }),
    )
  }
  const find = async (search: Search, order: 'newest' | 'oldest' = 'oldest') => {
    await until(async () => (await findIndexed(house.storage.db)) === written)
    const found: number[] = []
    for await (const event of findMatching(house, search, order, undefined, 10)) found.push(event.position)
    return found
  }
  const close = async () => {
    await index.close()
    await house.close()
  }
  return { house, clock, write, find, close }
}

onEachEngine(
  'search: by actor, target, request, action, outcome, organization, time and words, in any combination; a clock put back hides nothing',
  async (scratch) => {
    const { clock, write, find, close, house } = await start(scratch)
    await write('alice', 'Plan A', 'quarterly review') // 1
    await write('bob', 'Plan B', 'Zoë asked for it', { outcome: 'denied' }) // 2
    clock.advanceMs(hour)
    await write('alice', 'Budget', 'review of 2026') // 3
    await write('alice', 'Plan A', 'quarterly', { organizationId: other }) // 4
    clock.advanceMs(-2 * hour)
    await write('carol', 'Budget', 'the clock was put back') // 5
    const start0 = 1_790_000_000_000
    const table: [Search, number[]][] = [
      [{}, [1, 2, 3, 4, 5]],
      [{ actor: 'alice' }, [1, 3, 4]],
      [{ actor: `user_${'alice'.padStart(26, '0')}` }, [1, 3, 4]],
      [{ target: 'plan a' }, [1, 4]],
      [{ request: 'req-2' }, [2]],
      [{ action: 'test.*' }, [1, 2, 3, 4, 5]],
      [{ action: 'test.document_read', outcome: 'denied' }, [2]],
      [{ organization: other }, [4]],
      [{ organization: acme, actor: 'alice', text: 'review' }, [1, 3]],
      [{ text: 'QUARTERLY' }, [1, 4]],
      [{ text: 'quart* review' }, [1]],
      [{ text: 'zoe' }, [2]],
      [{ text: 'zoë asked' }, [2]],
      [{ text: 'nothing like it' }, []],
      [{ text: `" OR 1=1 --` }, []],
      [{ fromMs: start0 + hour }, [3, 4]],
      [{ untilMs: start0 + 1 }, [1, 2, 5]],
      [{ fromMs: start0, untilMs: start0 + 1 }, [1, 2]],
      [{ untilMs: start0 - 2 * hour }, []],
      [{ fromMs: start0 + hour, actor: 'alice', organization: other }, [4]],
    ]
    for (const [search, expected] of table) {
      assert.deepEqual(await find(search), expected, JSON.stringify(search))
      assert.deepEqual(await find(search, 'newest'), [...expected].reverse(), JSON.stringify(search))
    }
    await assert.rejects(find({ text: '!!!' }), { code: 'audit.search_empty' })
    // Pages: what begins beyond a position, in both orders.
    const page = async (beyond: number, order: 'newest' | 'oldest') => {
      const found: number[] = []
      for await (const event of findMatching(house, { actor: 'alice' }, order, beyond, 2)) found.push(event.position)
      return found
    }
    assert.deepEqual(await page(4, 'newest'), [3, 1])
    assert.deepEqual(await page(1, 'oldest'), [3, 4])
    await close()
  },
)

onEachEngine(
  'export: hostile text is stored as it came, and escaped in CSV and JSON: no formula, no line of its own, no turned direction',
  async (scratch) => {
    const { house, write, find, close } = await start(scratch)
    const hostile = [
      '=1+1',
      '+1',
      '-1',
      '@cmd',
      '\t=1',
      'a"b',
      'a,b',
      'line\nfeed\r',
      'nul\u0001',
      'rtl\u202eexe.txt',
      'tag\u{e0041}',
      '\u2028sep',
      '|calc',
      "'quoted",
    ]
    for (const name of hostile) await write('mallory', name, `because ${name}`)
    await find({})
    const exported = async (format: 'csv' | 'ndjson' | 'ocsf') => {
      let text = ''
      for await (const part of writeExport(findMatching(house, {}, 'oldest', undefined, 100), format)) text += part
      return text
    }
    const ndjson = (await exported('ndjson'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(
      ndjson.map((event) => event.object.name),
      hostile,
    )
    const csv = await exported('csv')
    const rows = csv.trimEnd().split('\r\n')
    assert.equal(rows.length, hostile.length + 1)
    for (const text of [csv, await exported('ndjson'), await exported('ocsf')])
      assert.doesNotMatch(text.replaceAll('\r\n', '').replaceAll('\n', ''), /[\p{Cc}\p{Cf}\u2028\u2029]/u)
    for (const field of csv.split(/,|\r\n/)) assert.doesNotMatch(field, /^"?\s*[=+@|\t]/, field)
    await close()
  },
)

test('escape: a field of CSV is quoted and can be no formula; JSON on one line parses to what it was', () => {
  const table: [string, string][] = [
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['a"b', '"a""b"'],
    ['=SUM(A1)', `"'=SUM(A1)"`],
    [' =SUM(A1)', `"' =SUM(A1)"`],
    ['-2', `"'-2"`],
    ['@x', `"'@x"`],
    ['a\nb', 'a\\u000ab'],
    ['\u202eabc', '\\u202eabc'],
  ]
  for (const [text, field] of table) assert.equal(toCsvField(text), field)
  assert.equal(toCsvField(-2), '-2')
  const value = { a: 'x\u202ey\u2028z\u0000\ufeff"\\', b: [1, null] }
  assert.deepEqual(JSON.parse(toVisibleJson(value)), value)
})
