import { createHash } from 'node:crypto'
import type { Problems } from '../places/problem.ts'

/** What a bundle may cost. */
export const bundleLimits = {
  files: 200,
  /** UTF-8 bytes of one file, and of all. */
  fileBytes: 256 * 1024,
  bytes: 2 * 1024 * 1024,
  policies: 5_000,
  cases: 2_000,
  /** Brackets open at once in Cedar text. */
  depth: 60,
} as const

/** The files of a bundle by path, in order of their paths, with their text as it is kept. */
export type BundleFiles = ReadonlyMap<string, string>

export const schemaFile = 'schema.cedarschema'
export const manifestFile = 'manifest.yaml'
const pathShape = /^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,4}$/

/** What a file of a bundle is, by its path. */
export function kindOf(path: string): 'schema' | 'manifest' | 'policies' | 'cases' | 'notes' | undefined {
  if (path === schemaFile) return 'schema'
  if (path === manifestFile) return 'manifest'
  if (/^tests\/.*\.ya?ml$/.test(path)) return 'cases'
  if (path.endsWith('.cedar')) return 'policies'
  if (path.endsWith('.md')) return 'notes'
  return undefined
}

/**
 * Takes the files of a bundle as they were sent: checks paths and bounds and brings the text into the form that is hashed
 * and kept (LF, no byte order mark). Undefined after a problem.
 */
export function readBundleFiles(sent: Readonly<Record<string, string>>, problems: Problems): BundleFiles | undefined {
  const before = problems.list.length
  const paths = Object.keys(sent).sort()
  if (paths.length > bundleLimits.files)
    return problems.ofFile(schemaFile, `the bundle has ${paths.length} files; at most ${bundleLimits.files} are taken`)
  const files = new Map<string, string>()
  let total = 0
  for (const path of paths) {
    const shown = path.length > 120 ? `${path.slice(0, 117)}…` : path
    if (!pathShape.test(path) || path.length > 200) {
      problems.ofFile(shown, 'not a path of a bundle: letters, digits, _ . - and / only, at most 5 levels')
      continue
    }
    if (kindOf(path) === undefined) {
      const says = `not a file of a bundle, which holds ${schemaFile}, ${manifestFile}, *.cedar, tests/*.yaml and *.md`
      problems.ofFile(path, says)
      continue
    }
    const text = (sent[path] as string).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
    const bytes = Buffer.byteLength(text)
    total += bytes
    if (bytes > bundleLimits.fileBytes)
      problems.ofFile(path, `the file has ${bytes} bytes; at most ${bundleLimits.fileBytes} are taken`)
    if (text.includes('\0') || !text.isWellFormed())
      problems.ofFile(path, 'not text: a NUL or a lone surrogate stands in it')
    files.set(path, text)
  }
  if (total > bundleLimits.bytes)
    problems.ofFile(schemaFile, `the bundle has ${total} bytes; at most ${bundleLimits.bytes} are taken`)
  if (!paths.includes(schemaFile)) problems.ofFile(schemaFile, 'is missing: a bundle has a schema')
  return problems.list.length > before ? undefined : files
}

/**
 * The address of a bundle: SHA-256, in hexadecimal, of the lines `<sha256 of the file>  <path>\n` in order of their paths.
 * The same as `LC_ALL=C find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum` prints in its directory.
 */
export function hashBundle(files: BundleFiles): string {
  const whole = createHash('sha256')
  for (const path of [...files.keys()].sort()) {
    const own = createHash('sha256')
      .update(files.get(path) as string, 'utf8')
      .digest('hex')
    whole.update(`${own}  ${path}\n`)
  }
  return whole.digest('hex')
}
