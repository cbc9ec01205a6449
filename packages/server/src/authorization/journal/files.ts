import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSealed } from './sealed.ts'

/** A segment whose sealed form is whole: `path` is its name without `.zst`. */
export interface Sealed {
  readonly path: string
  readonly first: number
  readonly openedAtMs: number
  /** How many; unknown of those that an earlier process sealed. */
  readonly records?: number
}

/** The file of a segment while it is open. */
export const pathOf = (directory: string, first: number, nowMs: number) =>
  join(directory, `decisions-${String(first).padStart(15, '0')}-${nowMs}.log`)

/** The name of the journal in a directory, made when there is none. */
export function nodeOf(directory: string): string {
  const path = join(directory, 'node')
  if (existsSync(path)) return readFileSync(path, 'utf8').trim()
  const made = randomUUID()
  writeFileSync(path, `${made}\n`, { mode: 0o600, flush: true })
  return made
}

/** The number that follows the last of a sealed segment. */
export async function nextAfter(sealed: Sealed | undefined): Promise<number> {
  if (sealed === undefined) return 1
  let next = sealed.first
  for await (const record of readSealed(sealed.path)) if (record !== undefined) next = record.number + 1
  return next
}
