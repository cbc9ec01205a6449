// Rooms import upward only, through a neighbour's index.ts; nobody imports its own room's index.ts; packages keep apart.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { init, parse } from 'es-module-lexer'

/** The order of the rooms of the server: each may import those before it. */
export const rooms = [
  'kernel',
  'config',
  'storage',
  'feed',
  'keyring',
  'web',
  'authorization',
  'directory',
  'policies',
  'authentication',
  'tokens',
  'secrets',
  'privileged',
  'governance',
  'audit',
  'observability',
]
const server = 'packages/server/src/'
const packages: Record<string, string[]> = {
  cedar: [],
  tlog: [],
  sdk: ['cedar'],
  cli: ['tlog', 'sdk'],
  console: [],
  server: ['cedar', 'tlog', 'sdk', 'console'],
}
const problems: string[] = []
const edges = new Map<string, string[]>()

await init
const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'packages'], { encoding: 'utf8' })
for (const file of listed.split('\n').filter((name) => /\/src\/.*\.tsx?$/.test(name) && existsSync(name))) {
  // Type-only imports are stripped with the types: they bind nothing at run time and may point anywhere their room may.
  const source = readFileSync(file, 'utf8').replace(/^(import|export) type (?=[{*])/gm, '$1 ')
  const [imports] = parse(await plain(file, source))
  for (const found of imports) if (found.n !== undefined) judge(file, found.n)
}

/** The source as JavaScript; what holds JSX goes through the console's own build tool. */
async function plain(file: string, source: string): Promise<string> {
  if (!file.endsWith('.tsx')) return stripTypeScriptTypes(source)
  const { transform } = await import('esbuild')
  return (await transform(source, { loader: 'tsx', jsx: 'automatic' })).code
}

function roomOf(file: string): string | undefined {
  const room = file.startsWith(server) ? file.slice(server.length).split('/')[0] : undefined
  return room?.endsWith('.ts') ? 'main' : room // main.ts and gatehouse.ts join the rooms
}

function judge(file: string, target: string): void {
  const own = file.split('/')[1] as string
  const other = /^@gatehouse\/([a-z]+)/.exec(target)?.[1]
  if (other !== undefined && !packages[own]?.includes(other))
    problems.push(`${file}: package ${own} must not import ${target}`)
  const room = roomOf(file)
  if (target.startsWith('.')) {
    const path = normalize(join(dirname(file), target))
    edges.set(file, [...(edges.get(file) ?? []), path])
    if (room === undefined || room === 'main') return
    if (path.startsWith('packages/server/test/support/') && file.endsWith('.test.ts')) return
    const reached = roomOf(path)
    if (reached !== room) problems.push(`${file}: reaches ${path} of another room by path: import '#${reached}'`)
    else if (path === `${server}${room}/index.ts`) problems.push(`${file}: imports the index.ts of its own room`)
    return
  }
  if (target === 'typebox' && own === 'server' && !file.startsWith(`${server}kernel/schema.`))
    problems.push(
      `${file}: imports typebox and its 370 modules: \`Type\`, \`Static\` and \`TSchema\` come from #kernel`,
    )
  if (!target.startsWith('#') || room === undefined || room === 'main' || own !== 'server') return
  const reached = target.slice(1)
  if (!rooms.includes(reached)) problems.push(`${file}: there is no room ${reached}`)
  else if (reached === room) problems.push(`${file}: imports the index.ts of its own room`)
  else if (rooms.indexOf(reached) > rooms.indexOf(room))
    problems.push(`${file}: ${room} stands above ${reached} and must not import it`)
}

const state = new Map<string, 'open' | 'done'>()
function visit(file: string, path: string[]): void {
  if (state.get(file) === 'done') return
  if (state.get(file) === 'open') {
    problems.push(`import cycle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`)
    return
  }
  state.set(file, 'open')
  for (const next of edges.get(file) ?? []) visit(next, [...path, file])
  state.set(file, 'done')
}
for (const file of edges.keys()) visit(file, [])

for (const problem of problems) console.error(problem)
process.exit(problems.length === 0 ? 0 : 1)
