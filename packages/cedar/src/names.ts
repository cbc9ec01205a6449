import { CedarError } from './errors.ts'

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/
const reserved = new Set(['true', 'false', 'if', 'then', 'else', 'in', 'is', 'like', 'has', '__cedar'])
let known = new Map<string, string>()

/** True for a type name of Cedar: identifiers joined by `::`, none reserved. */
export function isTypeName(name: string): boolean {
  if (known.has(name)) return true
  if (name.length > 4096) return false
  for (const part of name.split('::')) if (!identifier.test(part) || reserved.has(part)) return false
  if (known.size >= 10_000) known = new Map()
  known.set(name, name)
  return true
}

/** One string object for a type name, so that comparing types is comparing pointers. */
export function internTypeName(name: string, where: string | { toString(): string }): string {
  const same = known.get(name)
  if (same !== undefined) return same
  if (!isTypeName(name)) throw new CedarError('json', `${where}: ${JSON.stringify(name)} is not an entity type name`)
  return name
}

export const isIdentifier = (name: string) => identifier.test(name)
