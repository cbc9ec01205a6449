// One scale measured in a process of its own, so that its memory is its own. Prints one line of JSON.
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Entities, PolicySet, releaseReference } from '../../packages/cedar/src/index.ts'
import { Random } from './random.ts'
import { timeBatches } from './timing.ts'

const entityCount = Number(process.argv[2])
const linkCount = Number(process.argv[3])
const random = new Random(7)
const documents = Math.ceil(entityCount / 2)
const users = Math.floor(entityCount * 0.48)
const groups = Math.max(1, entityCount - documents - users)

const templates = `
@id("reader") permit (principal in ?principal, action in [Action::"read", Action::"list"], resource == ?resource);
@id("editor") permit (principal == ?principal, action, resource in ?resource) when { !resource.archived };
`

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))

/** A file of lines, made before anything is measured. */
function writeLines(name: string, count: number, line: (at: number) => object): string {
  const path = join(folder, name)
  const file = openSync(path, 'w')
  let chunk = ''
  for (let at = 0; at < count; at++) {
    chunk += `${JSON.stringify(line(at))}\n`
    if (chunk.length < 1_000_000 && at < count - 1) continue
    writeSync(file, chunk)
    chunk = ''
  }
  closeSync(file)
  return path
}

const user = () => ({ type: 'User', id: `u${random.below(users)}` })
const group = () => ({ type: 'Group', id: `g${random.below(groups)}` })
const document = (at = random.below(documents)) => ({ type: 'Document', id: `d${at}` })

function entityLine(at: number): object {
  if (at < documents) {
    const attrs = { owner: { __entity: user() }, archived: at % 10 === 0 }
    return { uid: document(at), attrs, parents: [{ type: 'Folder', id: `f${at % 1000}` }] }
  }
  if (at < documents + users)
    return { uid: { type: 'User', id: `u${at - documents}` }, attrs: { level: at % 5 }, parents: [group(), group()] }
  const own = at - documents - users
  // Groups lie in groups of smaller numbers: no cycle.
  const above = own === 0 ? [] : [{ type: 'Group', id: `g${Math.floor(own / 10)}` }]
  return { uid: { type: 'Group', id: `g${own}` }, attrs: {}, parents: above }
}

function linkLine(at: number): object {
  const reader = at % 2 === 0
  const values = { '?principal': reader ? group() : user(), '?resource': document() }
  return { templateId: reader ? 'reader' : 'editor', newId: `link${at}`, values }
}

const policies = PolicySet.parse(templates, { ids: 'annotation' })
// A server reads its bundles from JSON and so never loads the parser; here it is let go.
releaseReference()
const entityFile = writeLines('entities.jsonl', entityCount, entityLine)
const linkFile = writeLines('links.jsonl', linkCount, linkLine)
const startedMs = performance.now()
const startedCpu = process.cpuUsage()
const entities = await Entities.fromStream(createReadStream(entityFile))
const entitiesMs = performance.now() - startedMs
await policies.linkStream(createReadStream(linkFile))
const builtMs = performance.now() - startedMs
const cpu = process.cpuUsage(startedCpu)
const builtCpuMs = (cpu.user + cpu.system) / 1000
rmSync(folder, { recursive: true })

const asks = Array.from({ length: 4096 }, () => ({
  principal: user(),
  action: { type: 'Action', id: random.pick(['read', 'write']) },
  resource: document(),
  context: {},
}))
const decisions = timeBatches(
  (at) => policies.authorize(asks[at % asks.length] as (typeof asks)[0], entities),
  64,
  1500,
)
let next = linkCount
const linked = timeBatches(
  () => {
    policies.link({ template: 'editor', id: `new${next}`, principal: user(), resource: document() })
    policies.unlink(`new${next}`)
    next++
  },
  1,
  500,
)
const changed = timeBatches(
  () => {
    const uid = document()
    entities.set({
      uid,
      attrs: { owner: { __entity: user() }, archived: false },
      parents: [{ type: 'Folder', id: `f${random.below(1000)}` }],
    })
  },
  1,
  500,
)
const regrouped = timeBatches(
  () => {
    entities.set({ uid: user(), attrs: { level: 1 }, parents: [group(), group()] })
  },
  1,
  500,
)
// Started with --expose-gc: what is steady is what remains after a full collection, once the threads that sweep and give
// pages back to the system have had their turn: as soon as a second passes in which nothing more was given back.
const collect = globalThis.gc as () => void
for (let count = 0; count < 3; count++) collect()
let rss = process.memoryUsage.rss()
for (let waited = 0; waited < 10; waited++) {
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const now = process.memoryUsage.rss()
  if (now > rss - 1e6) break
  rss = now
}
const { heapUsed } = process.memoryUsage()
console.log(
  JSON.stringify({
    entitiesMs,
    builtCpuMs,
    builtMs,
    decisions,
    linked,
    changed,
    regrouped,
    rss,
    heapUsed,
    size: policies.size,
    entities: entities.size,
  }),
)
