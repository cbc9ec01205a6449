import type { LineCounter, Node } from 'yaml'
import { yaml } from '#config'
import type { Problems } from './problem.ts'

/** A value of a YAML file with the place it stands at. */
export interface Located {
  readonly file: string
  readonly node: Node | null
  readonly lines: LineCounter
  /** Where it stands when the node itself is empty: the offset of its key. */
  readonly at: number
}

/** Most levels of nesting in a YAML file. */
export const yamlDepthMost = 40

/**
 * The documents of a YAML file, each with places. Aliases, tags, duplicate keys and deep nesting are problems, so that a
 * value is a plain tree. Undefined after a problem.
 */
export function readYaml(file: string, text: string, problems: Problems): Located[] | undefined {
  const lines = new (yaml().LineCounter)()
  // The parser descends by recursion: what is nested too deep is refused before it is parsed.
  if (flowDepth(text) > yamlDepthMost) return problems.ofFile(file, `nested deeper than ${yamlDepthMost} levels`)
  const documents = yaml().parseAllDocuments(text, {
    lineCounter: lines,
    uniqueKeys: true,
    schema: 'core',
    version: '1.2',
    intAsBigInt: true,
  })
  if (!Array.isArray(documents)) return []
  const before = problems.list.length
  const found: Located[] = []
  for (const document of documents) {
    for (const error of [...document.errors, ...document.warnings]) {
      const { line, col } = lines.linePos(error.pos[0])
      const [says] = error.message.split(/ at line \d+/)
      problems.add({ file, line, column: col, says: `not valid YAML: ${says}` })
    }
    if (document.errors.length > 0) continue
    const root = document.contents as Node | null
    if (root === null) continue
    const located = { file, node: root, lines, at: root.range?.[0] ?? 0 }
    refuseUnplain(located, problems, 0)
    found.push(located)
  }
  return problems.list.length > before ? undefined : found
}

/** Adds a problem at the place of a value. */
export function problemAt(located: Located, problems: Problems, says: string, help?: string): undefined {
  const offset = located.node?.range?.[0] ?? located.at
  const { line, col } = located.lines.linePos(offset)
  return problems.add({ file: located.file, line, column: col, says, ...(help !== undefined && { help }) })
}

/** The items of a sequence, located; undefined for anything else. */
export function itemsOf(located: Located): Located[] | undefined {
  if (!yaml().isSeq(located.node)) return undefined
  return located.node.items.map((item) => ({ ...located, node: item as Node }))
}

/** The entries of a mapping in order, each with the place of its key; undefined for anything else. */
export function entriesOf(located: Located): { key: string; keyAt: Located; value: Located }[] | undefined {
  if (!yaml().isMap(located.node)) return undefined
  return located.node.items.map(({ key, value }) => {
    const at = (key as Node).range?.[0] ?? located.at
    return {
      key: yaml().isScalar(key) ? String(key.source ?? key.value) : '',
      keyAt: { ...located, node: key as Node, at },
      value: { ...located, node: value as Node | null, at },
    }
  })
}

/** The scalar's value, or undefined for a collection; null for an empty value. */
export function scalarOf(located: Located): string | number | boolean | bigint | null | undefined {
  if (located.node === null) return null
  if (!yaml().isScalar(located.node)) return undefined
  return plainScalar(located.node.value)
}

/** Whole numbers are `number` where that is exact, else `bigint`. */
function plainScalar(value: unknown): string | number | boolean | bigint | null {
  if (typeof value !== 'bigint') return value as string | number | boolean | null
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

/** As it would stand in JSON. */
export function plainOf(located: Located): unknown {
  if (located.node === null) return null
  if (yaml().isScalar(located.node)) return plainScalar(located.node.value)
  const items = itemsOf(located)
  if (items !== undefined) return items.map(plainOf)
  const plain: Record<string, unknown> = Object.create(null)
  for (const { key, value } of entriesOf(located) ?? []) plain[key] = plainOf(value)
  return plain
}

function refuseUnplain(located: Located, problems: Problems, depth: number): void {
  if (depth > yamlDepthMost) return void problemAt(located, problems, `nested deeper than ${yamlDepthMost} levels`)
  const { node } = located
  if (yaml().isAlias(node)) return void problemAt(located, problems, 'aliases (*) are not taken: write the value out')
  if (yaml().isScalar(node)) {
    const { value } = node
    if (typeof value === 'number')
      problemAt(located, problems, `${node.source ?? value} is not a whole number: quote it`)
    return
  }
  for (const item of itemsOf(located) ?? []) refuseUnplain(item, problems, depth + 1)
  for (const { keyAt, value } of entriesOf(located) ?? []) {
    if (!yaml().isScalar(keyAt.node)) problemAt(keyAt, problems, 'a key must be a single value')
    refuseUnplain(value, problems, depth + 1)
  }
}

/** Most brackets and deepest indentation open at once: an upper bound of the nesting, quotes not looked at. */
function flowDepth(text: string): number {
  let depth = 0
  let most = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5b || code === 0x7b) most = Math.max(most, ++depth)
    else if (code === 0x5d || code === 0x7d) depth = Math.max(0, depth - 1)
    else if (code === 0x0a) {
      const dashes = /^(?:[ \t]*[-?][ \t])+/.exec(text.slice(at + 1, at + 400))?.[0] ?? ''
      most = Math.max(most, depth + dashes.replace(/[^-?]/g, '').length)
    }
  }
  return most
}
