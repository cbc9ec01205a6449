import type { Problems } from '../places/problem.ts'

/** What a configuration may cost. */
export const configurationLimits = {
  files: 2_000,
  /** UTF-8 bytes of all files. */
  bytes: 16 * 1024 * 1024,
} as const

export interface SplitFiles {
  /** Path → text of the YAML documents. */
  readonly documents: ReadonlyMap<string, string>
  /** Directory → path in the bundle → text. */
  readonly bundles: ReadonlyMap<string, Record<string, string>>
}

const pathShape = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[\w][\w .+@-]*(\/[\w][\w .+@-]*){0,15}$/

/**
 * Tells documents from bundles: a directory with a `schema.cedarschema` is one, with all that lies in it; so is one with `*.cedar`
 * files and no schema, which holds sign-in policies.
 */
export function splitFiles(sent: Readonly<Record<string, string>>, problems: Problems): SplitFiles | undefined {
  const before = problems.list.length
  const paths = Object.keys(sent).sort()
  if (paths.length > configurationLimits.files)
    return problems.ofFile('.', `there are ${paths.length} files; at most ${configurationLimits.files} are taken`)
  const bytes = paths.reduce((sum, path) => sum + Buffer.byteLength(sent[path] as string), 0)
  if (bytes > configurationLimits.bytes)
    return problems.ofFile('.', `the files have ${bytes} bytes; at most ${configurationLimits.bytes} are taken`)
  const roots = paths
    .filter((path) => path.endsWith('/schema.cedarschema'))
    .map((path) => path.slice(0, -'/schema.cedarschema'.length))
  for (const path of paths) {
    const directory = path.endsWith('.cedar') ? path.slice(0, Math.max(0, path.lastIndexOf('/'))) : ''
    if (directory !== '' && !roots.some((root) => `${directory}/`.startsWith(`${root}/`))) roots.push(directory)
  }
  const documents = new Map<string, string>()
  const bundles = new Map<string, Record<string, string>>(roots.map((root) => [root, {}]))
  for (const path of paths) {
    const text = (sent[path] as string).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
    const root = roots.find((directory) => path.startsWith(`${directory}/`))
    if (path.length > 400 || !pathShape.test(path)) problems.ofFile(path.slice(0, 120), 'not a path of a configuration')
    else if (root !== undefined) (bundles.get(root) as Record<string, string>)[path.slice(root.length + 1)] = text
    else if (/\.ya?ml$/.test(path)) documents.set(path, text)
    else if (!path.endsWith('.md'))
      problems.ofFile(
        path,
        'not a file of a configuration, which holds *.yaml, *.md and bundles with a schema.cedarschema',
      )
  }
  if (documents.size === 0) problems.ofFile('.', 'there is no *.yaml file: a configuration has one document or more')
  return problems.list.length > before ? undefined : { documents, bundles }
}
