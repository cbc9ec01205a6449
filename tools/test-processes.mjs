// Which test files run in a process of their own, and which share one. A process loads most of the house (a second of a core):
// over two hundred of them were a third of a whole run.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What waits for a browser or for programs that it starts: on its own, and first, as it takes longest. */
const slow =
  /\b(shareBrowser|launchBrowser|openConsoleHouse|spawn|execFile|startChildServer|startPostgres|killRounds|auditKills|tellStory)\b/
/**
 * What changes its process, or looks at all of it: a file that defines events for itself, replaces methods, sets variables, or
 * starts at load what it ends at the end; and the tables of all events, faults and metrics that rooms define.
 */
const changes =
  /\b(defineEvents|mock|exitCode|write = )\b|process\.env\.\w+ = |process\.(chdir|umask|on)\(|globalThis\.\w+ = |^(before|const \w+ = await |await )/m
const looks = /test\/coverage\//
/** Here the reference evaluator is fed what breaks it: it remembers nothing after a panic, and its memory is the process's. */
const breaks = /^packages\/cedar\//

/**
 * @param {string[]} files paths of test files
 * @param {number} cores
 * @param {string} directory where to write the files that load a group each
 * @returns {string[]} what to run, each a process, the longest first
 */
export function shareProcesses(files, cores, directory) {
  const known = files.map((file) => ({ file, text: readFileSync(file, 'utf8') }))
  const isSlow = ({ text }) => slow.test(text)
  const isAlone = ({ file, text }) => changes.test(text) || looks.test(file) || breaks.test(file)
  const bySize = (a, b) => b.text.length - a.text.length
  const first = known.filter(isSlow).sort(bySize)
  const alone = known.filter((one) => !isSlow(one) && isAlone(one)).sort(bySize)
  const others = known.filter((one) => !isSlow(one) && !isAlone(one)).sort(bySize)
  // Few enough to load little twice, many enough that none keeps the last core waiting for long.
  const count = Math.min(others.length, Math.max(cores + 1, Math.ceil(others.length / 12)))
  const groups = Array.from({ length: count }, () => [])
  for (const [at, { file }] of others.entries()) groups[at % count].push(file)
  const loaders = groups.map((group, at) => {
    const loader = join(directory, `group-${at + 1}.mjs`)
    const loads = ['tools/test-guard.mjs', ...group]
    const lines = loads.map((file) => `import ${JSON.stringify(pathToFileURL(resolve(file)).href)}\n`)
    writeFileSync(loader, lines.join(''))
    return loader
  })
  return [...first.map(({ file }) => file), ...loaders, ...alone.map(({ file }) => file)]
}
