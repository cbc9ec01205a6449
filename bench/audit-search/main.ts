// The first page of a search by every filter over a log of N entries: `npm run bench -- audit-search 10000000`; BENCH_ENGINE=postgres for the
// other engine; BENCH_KEEP=DIRECTORY keeps what was filled (SQLite), and goes on where a run before ended.
import { mkdirSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findMatching, type Search } from '../../packages/server/src/audit/search/search.ts'
import { systemClock } from '../../packages/server/src/kernel/index.ts'
import { migrations } from '../../packages/server/src/migrations.ts'
import { openStorage, type Storage } from '../../packages/server/src/storage/index.ts'
import { scratchDatabase } from '../../packages/server/test/support/engines.ts'
import { type Figure, formatMs } from '../support/figures.ts'
import { fillInBulk } from './bulk.ts'
import { beganAtMs, eventAt, everyMs, fill, organizationOf } from './fill.ts'

const size = Number(process.env.BENCH_ENTRIES ?? 200_000)
const engine = process.env.BENCH_ENGINE === 'postgres' ? 'postgres' : 'sqlite'
const targetMs = 1_000
const page = 50
/** The newest entries come as a running server writes them, in many small steps. */
const tail = Math.min(6_400, Math.floor(size / 10))
const tailBatch = 64
/** What an entry takes on the disk while the file is made, at most. */
const bytesMost = 2_500

/** What people ask: rare and common, combined, and what does not exist; each with several values, for no cache helps the first. */
function questions(): readonly (readonly [what: string, ...searches: Search[]])[] {
  const at = (share: number) => eventAt(Math.max(1, Math.floor(size * share)))
  const [old, middle, late] = [at(0.03), at(0.5), at(0.97)]
  const yearMs = size * everyMs
  const each = (make: (event: typeof old) => Search): Search[] => [old, middle, late].map(make)
  return [
    ['nothing: the newest', {}],
    ['actor by id', ...each(({ actor }) => ({ actor: actor.id as string }))],
    ['actor by name', ...each(({ actor }) => ({ actor: actor.name }))],
    ['target by id', ...each(({ object }) => ({ target: object.id }))],
    ['target by name', ...each(({ object }) => ({ target: object.name as string }))],
    ['request', ...each(({ requestId }) => ({ request: requestId }))],
    ['action', ...each(({ type }) => ({ action: type }))],
    ['action of a whole room', { action: 'directory.*' }, { action: 'tokens.*' }],
    ['outcome', { outcome: 'denied' }, { outcome: 'success' }],
    ['organization', ...each(({ organizationId }) => ({ organization: organizationId as string }))],
    ['a minute long ago', { fromMs: beganAtMs + yearMs / 10, untilMs: beganAtMs + yearMs / 10 + 60_000 }],
    ['all but the newest tenth', { untilMs: beganAtMs + yearMs * 0.9 }],
    ['a word that half of all have', { text: 'review' }, { text: 'budget' }],
    ['a word that is rare', { text: 'hapaxlegomenon' }, { text: `n${old.position}` }],
    ['a word that nothing has', { text: 'xyzzy' }],
    ['the beginning of a word', { text: 'quart*' }, { text: 'p*' }, { text: `n${String(old.position).slice(0, 3)}*` }],
    [
      'organization and the beginning of a word',
      ...each(({ organizationId }) => ({ organization: organizationId as string, text: 'p*' })),
    ],
    ['two common words', { text: 'quarterly review' }, { text: 'vendor rotation' }],
    [
      'organization and outcome',
      ...each(({ organizationId }) => ({ organization: organizationId as string, outcome: 'denied' })),
    ],
    [
      'organization, action and words',
      ...each(({ organizationId, type }) => ({ organization: organizationId as string, action: type, text: 'review' })),
    ],
    [
      'common filters that never meet',
      { outcome: 'denied', text: 'quarterly', organization: organizationOf(1), actor: 'person2@example.com' },
      { action: 'directory.*', text: 'audit', outcome: 'failure', target: 'plan 4711' },
    ],
    [
      'a common filter in an hour long ago',
      {
        outcome: 'success',
        action: 'authentication.*',
        fromMs: beganAtMs + yearMs / 5,
        untilMs: beganAtMs + yearMs / 5 + 3_600_000,
      },
    ],
    [
      'a rare outcome in the oldest tenth',
      { outcome: 'denied', organization: old.organizationId as string, untilMs: beganAtMs + yearMs / 10 },
    ],
  ]
}

/** What `GET /api/audit/search` does: one more than a page, in order. */
async function firstPage(storage: Storage, search: Search): Promise<number> {
  let found = 0
  for await (const _event of findMatching({ storage }, search, 'newest', undefined, page + 1)) if (++found > page) break
  return found
}

async function fillSqlite(file: string): Promise<Storage> {
  const open = () => openStorage({ engine: 'sqlite', file }, { clock: systemClock, migrations })
  const newest = async (storage: Storage) => (await storage.readMark()).position
  let storage = await open()
  let done = await newest(storage)
  if (done < size - tail) {
    await storage.close()
    const disk = statfsSync(dirname(file))
    if (disk.bavail * disk.bsize < (size - done) * bytesMost)
      throw new Error(
        `${dirname(file)} has too little room: ${Math.ceil(((size - done) * bytesMost) / 1e9)} GB are needed`,
      )
    fillInBulk(file, size - tail, (at) => console.log(`  ${at.toLocaleString('en')}`))
    storage = await open()
    done = await newest(storage)
  }
  await fill(storage, done, size, tailBatch, () => undefined)
  return storage
}

export async function run(): Promise<readonly Figure[]> {
  const kept = engine === 'sqlite' ? process.env.BENCH_KEEP : undefined
  if (kept !== undefined) mkdirSync(kept, { recursive: true })
  const directory = kept ?? mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const scratch = engine === 'postgres' ? await scratchDatabase('postgres', { empty: true }) : undefined
  const file = join(directory, `audit-search-${size}.db`)
  console.log(`${size.toLocaleString('en')} entries into ${engine} …`)
  const [began, cpu] = [performance.now(), process.cpuUsage()]
  const opening = scratch ? openStorage(scratch.address, { clock: systemClock, migrations }) : fillSqlite(file)
  const clear = () => kept ?? rmSync(directory, { recursive: true, force: true })
  const storage = await opening.catch((error) => {
    clear()
    throw error
  })
  try {
    if (scratch) await fill(storage, 0, size, 5_000, (done) => console.log(`  ${done.toLocaleString('en')}`))
    const seconds = (performance.now() - began) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    const figures: Figure[] = [
      {
        what: `filling ${engine} (what was not there)`,
        measured: `${seconds.toFixed(0)} s, ${((user + system) / 1e6).toFixed(0)} s of processor`,
      },
    ]
    if (engine === 'sqlite')
      figures.push({
        what: 'bytes an entry in the database file',
        measured: String(Math.round(statSync(file).size / size)),
      })
    for (const [what, ...searches] of questions()) {
      let worst = 0
      let found = 0
      for (const search of searches) {
        const started = performance.now()
        found += await firstPage(storage, search)
        worst = Math.max(worst, performance.now() - started)
      }
      figures.push({
        what: `first page: ${what} (${found} found)`,
        measured: formatMs(worst),
        target: '≤ 1 s',
        met: worst <= targetMs,
      })
    }
    return figures
  } finally {
    await storage.close()
    await scratch?.remove()
    clear()
  }
}
