import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { exits, Failure } from '../failure.ts'

const filesMost = 2_000

/**
 * The text files below a directory, by path with forward slashes. Hidden files and what has another ending stay out.
 * @param endings as in `.cedar`
 */
export function readTextFiles(directory: string, endings: readonly string[]): Record<string, string> {
  const files: Record<string, string> = {}
  const visit = (path: string, name: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
      const inner = name === '' ? entry.name : `${name}/${entry.name}`
      if (entry.isDirectory()) visit(join(path, entry.name), inner)
      else if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) {
        files[inner] = readFileSync(join(path, entry.name), 'utf8')
        if (Object.keys(files).length > filesMost) throw new Failure(`${directory} holds more than ${filesMost} files`)
      }
    }
  }
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new Failure(`${directory} is not a directory`, { exit: exits.usage })
  visit(directory, '')
  if (Object.keys(files).length === 0)
    throw new Failure(`${directory} holds none of the files that belong here (${endings.join(', ')})`, {
      exit: exits.usage,
    })
  return files
}

export const bundleEndings = ['.cedarschema', '.cedar', '.yaml', '.md'] as const
