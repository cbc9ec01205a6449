// `npm run bench [-- name…]`: every figure the project claims, each measured by a module in a folder of its own.
import { existsSync, readdirSync } from 'node:fs'
import { type Figure, printFigures } from './support/figures.ts'
import { describeMachine } from './support/machine.ts'

interface Bench {
  /** Measures, prints what it does, and returns its figures. */
  run(): Promise<readonly Figure[] | undefined>
}

const home = new URL('.', import.meta.url)
const known = readdirSync(home).filter((name) => existsSync(new URL(`${name}/main.ts`, home)))
// A number is the size for those that have one: `npm run bench -- audit-search 10000000`.
const size = process.argv.slice(2).find((word) => /^\d+$/.test(word))
if (size !== undefined) process.env.BENCH_ENTRIES = size
const asked = process.argv.slice(2).filter((word) => word !== size)
const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}; there are ${known.join(', ')}`)
  process.exit(2)
}

console.log(describeMachine())
let missed = 0
const all: Figure[] = []
for (const name of asked.length > 0 ? asked : known) {
  console.log(`\n── ${name} ${'─'.repeat(Math.max(0, 76 - name.length))}`)
  try {
    const { run } = (await import(new URL(`${name}/main.ts`, home).href)) as Bench
    const figures = (await run()) ?? []
    all.push(...figures)
    missed += figures.filter((figure) => figure.met === false).length
    if (figures.length > 0) printFigures(figures)
  } catch (error) {
    missed++
    console.error(`${name} could not be measured:`, error)
  }
}
if (all.length > 0 && (asked.length !== 1 || missed > 0)) {
  console.log(`\n${all.length} figures, ${missed === 0 ? 'every target met' : `${missed} missed or not measured`}`)
}
process.exit(missed === 0 ? 0 : 1)
