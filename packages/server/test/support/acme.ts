// The files of examples/acme, as a client sends them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Path below `directory` → text, for every file below it. */
export function readFiles(directory: string): Record<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    paths.sort().map((path) => [path.slice(directory.length).replace(/^\/+/, ''), readFileSync(path, 'utf8')]),
  )
}

export const acmeDirectory = fileURLToPath(new URL('../../../../examples/acme', import.meta.url))

/** The whole example. */
export const acmeFiles = () => readFiles(acmeDirectory)

/** The bundle of its application `documents`. */
export const acmeBundle = () => readFiles(join(acmeDirectory, 'documents'))
