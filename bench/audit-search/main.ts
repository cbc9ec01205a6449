// The first page of a search by every filter over a log of N entries: `npm run bench -- audit-search 10000000`; BENCH_ENGINE=postgres for the other engine.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findMatching, type Search } from '../../packages/server/src/audit/search/search.ts'
import { systemClock } from '../../packages/server/src/kernel/index.ts'
import { migrations } from '../../packages/server/src/migrations.ts'
import { openStorage, type Storage } from '../../packages/server/src/storage/index.ts'
import { scratchDatabase } from '../../packages/server/test/support/engines.ts'
import { type Figure, formatMs, formatRate } from '../support/figures.ts'
import { beganAtMs, eventAt, everyMs, fill, organizationOf } from './fill.ts'

const size = Number(process.env.BENCH_ENTRIES ?? 200_000)
const engine = process.env.BENCH_ENGINE === 'postgres' ? 'postgres' : 'sqlite'
const targetMs = 1_000
const page = 50

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

export async function run(): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const scratch = engine === 'postgres' ? await scratchDatabase('postgres', { empty: true }) : undefined
  const file = join(directory, 'a.db')
  const address = scratch?.address ?? ({ engine: 'sqlite', file } as const)
  const storage = await openStorage(address, { clock: systemClock, migrations })
  try {
    console.log(`${size.toLocaleString('en')} entries into ${engine} …`)
    const rate = await fill(storage, size, (done) => console.log(`  ${done.toLocaleString('en')}`))
    const figures: Figure[] = [{ what: `entries written into feed and index (${engine})`, measured: formatRate(rate) }]
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
    rmSync(directory, { recursive: true, force: true })
  }
}
