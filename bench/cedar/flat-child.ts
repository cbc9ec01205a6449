// Decision time as policies and links grow, with nothing else changing. Prints one line of JSON.
import { Entities, PolicySet } from '../../packages/cedar/src/index.ts'
import { ours } from './engines.ts'
import { gdrive } from './gdrive.ts'
import { github } from './github.ts'
import { Random } from './random.ts'
import { quantile, type Spread, timeBatches } from './timing.ts'
import { tinytodo } from './tinytodo.ts'

const random = new Random(11)
const hot = 100
const ref = (type: string, at: number) => ({ type, id: `${type}_${at}` })
const entities = Entities.fromJson([
  ...Array.from({ length: hot }, (_, at) => ({
    uid: ref('User', at),
    attrs: { level: at % 5 },
    parents: [ref('Group', at), ref('Group', (at * 7) % hot)],
  })),
  ...Array.from({ length: hot }, (_, at) => ({ uid: ref('Group', at), attrs: {}, parents: [ref('Group', 1_000_000)] })),
  ...Array.from({ length: hot }, (_, at) => ({
    uid: ref('Doc', at),
    attrs: { level: at % 7 },
    parents: [ref('Folder', at)],
  })),
])
const asksOf = (principals: number) =>
  Array.from({ length: 500 }, () => ({
    principal: ref('User', random.below(principals)),
    action: { type: 'Action', id: `do_${random.below(5)}` },
    resource: ref('Doc', random.below(principals)),
    context: {},
  }))
// Asked is only of what the first ten policies and the first hundred links speak of, so that whatever their number,
// the same few can apply to a request.
const [asks, asksOfTen] = [asksOf(hot), asksOf(10)]
const time = (policies: PolicySet, asked: typeof asks): Spread =>
  timeBatches((at) => policies.authorize(asked[at % asked.length] as (typeof asks)[0], entities), 50, 1200)

/** Policies for ever other groups, users and folders. */
function policiesOf(count: number): PolicySet {
  const texts = Array.from({ length: count }, (_, at) => {
    const scope = at % 2 === 0 ? `principal in Group::"Group_${at}"` : `principal == User::"User_${at}"`
    return `permit (${scope}, action == Action::"do_${at % 5}", resource in Folder::"Folder_${at}") when { principal.level <= resource.level };`
  })
  return PolicySet.parse(texts.join('\n'))
}

const policyCounts = [10, 100, 1000, 10_000]
const policyTimes = policyCounts.map((count) => time(policiesOf(count), asksOfTen).median)

const template =
  '@id("t") permit (principal in ?principal, action, resource in ?resource) when { principal.level <= resource.level };'
const linkCounts = [100, 10_000, 1_000_000]
const linkTimes: number[] = []
let policies: PolicySet | undefined = PolicySet.parse(template, { ids: 'annotation' })
let linked = 0
for (const count of linkCounts) {
  for (; linked < count; linked++)
    policies.link({ template: 't', id: `l${linked}`, principal: ref('Group', linked), resource: ref('Folder', linked) })
  linkTimes.push(time(policies, asks).median)
}
// A million links would make each collection below slow.
policies = undefined

// Allocation on the paper's workloads: the heap before and after runs short enough that nothing is collected in them. The
// middle of several, since the engine's own compiling, on threads of its own and later the busier the machine, allocates too.
const collect = globalThis.gc as () => void
const allocated = [
  gdrive(50, random, false),
  gdrive(50, random, true),
  github(50, random, false),
  github(50, random, true),
  tinytodo(50, random),
].map((work) => {
  const { decide } = ours(work)
  for (let round = 0; round < 400; round++) for (const ask of work.asks) decide(ask)
  const samples = Array.from({ length: 7 }, () => {
    for (let round = 0; round < 40; round++) for (const ask of work.asks) decide(ask)
    collect()
    const before = process.memoryUsage().heapUsed
    for (let round = 0; round < 4; round++) for (const ask of work.asks) decide(ask)
    return (process.memoryUsage().heapUsed - before) / (4 * work.asks.length)
  })
  return quantile(
    samples.sort((a, b) => a - b),
    0.5,
  )
})
const bytes = Math.max(...allocated)

console.log(JSON.stringify({ policyCounts, policyTimes, linkCounts, linkTimes, bytes }))
