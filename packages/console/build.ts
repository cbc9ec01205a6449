// The console's build: what the server serves under /console. Made once per content of the sources, kept in a cache.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

/** A file under a name that holds its hash, with the encodings it is sent in. */
export interface ConsoleFile {
  readonly type: string
  readonly plain: Buffer
  readonly gzip: Buffer
  readonly br: Buffer
}

export interface ConsoleFiles {
  /** Names of the files that the page loads first. */
  readonly script: string
  readonly style: string
  /** Scripts that the first page is made of, the entry first: what is to be fetched before anything is shown. */
  readonly first: readonly string[]
  readonly files: ReadonlyMap<string, ConsoleFile>
}

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))
const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}

/** What the build is made of: every source and the versions that package.json pins. */
function fingerprint(): string {
  const hash = createHash('sha256')
  const sources = readdirSync(join(here, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  for (const file of [join(here, 'build.ts'), join(here, 'package.json'), ...sources])
    hash.update(file.slice(here.length)).update('\0').update(readFileSync(file)).update('\0')
  return hash.digest('hex').slice(0, 32)
}

let made: Promise<ConsoleFiles> | undefined

/** The built console: from the cache, else built now (about a second) and kept there. */
export function consoleFiles(cache = join(root, 'node_modules/.cache/console')): Promise<ConsoleFiles> {
  made ??= load(cache).catch((error) => {
    made = undefined
    throw error
  })
  return made
}

async function load(cache: string): Promise<ConsoleFiles> {
  const directory = join(cache, fingerprint())
  if (!existsSync(directory)) await build(directory)
  const { script, style, first } = JSON.parse(readFileSync(join(directory, 'entry.json'), 'utf8'))
  const files = new Map<string, ConsoleFile>()
  for (const name of readdirSync(directory)) {
    const type = types[extname(name)]
    if (type === undefined) continue
    const read = (more: string) => readFileSync(join(directory, name + more))
    files.set(name, { type, plain: read(''), gzip: read('.gz'), br: read('.br') })
  }
  return { script, style, first, files }
}

/** Builds into a directory of its own and renames it: two servers that start at once both end with a whole one. */
async function build(directory: string): Promise<void> {
  const { build: bundle } = await import('esbuild')
  const { outputFiles, metafile } = await bundle({
    absWorkingDir: here,
    entryPoints: ['src/main.tsx'],
    outdir: 'out',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['es2022'],
    jsx: 'automatic',
    minify: true,
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  const nameOf = (path: string) => path.split(/[/\\]/).at(-1) as string
  const entry = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === 'src/main.tsx')
  if (entry === undefined) throw new Error('the build has no entry')
  const first = new Set<string>()
  const follow = (path: string) => {
    if (first.has(path)) return
    first.add(path)
    for (const { kind, path: next } of metafile.outputs[path]?.imports ?? [])
      if (kind === 'import-statement') follow(next)
  }
  follow(entry[0])
  const temporary = `${directory}.${process.pid}`
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { recursive: true })
  for (const { path, contents } of outputFiles) {
    const body = Buffer.from(contents)
    const file = join(temporary, nameOf(path))
    writeFileSync(file, body)
    writeFileSync(`${file}.gz`, gzipSync(body, { level: 9 }))
    writeFileSync(`${file}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }))
  }
  const entries = { script: nameOf(entry[0]), style: nameOf(entry[1].cssBundle ?? ''), first: [...first].map(nameOf) }
  writeFileSync(join(temporary, 'entry.json'), JSON.stringify(entries))
  try {
    renameSync(temporary, directory)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    if (!existsSync(directory)) throw error
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await consoleFiles()
