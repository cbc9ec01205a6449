import { createHash } from 'node:crypto'
import type { SealedEvent } from '../persons/person-keys.ts'

/** What of an entry stands in the tree. The body and its salt live beside it, so that tiles show nothing of anybody. */
export interface Leaf {
  /** The feed's position; the entry's index in the tree is one less. */
  readonly position: number
  /** What kind of record this is: `feed` for events. */
  readonly stream: string
  /** SHA-256(salt ‖ body). */
  readonly hash: Uint8Array
}

/** Bytes of a salt. */
export const saltLength = 32

/** The bytes of a leaf: three lines of text, so that an auditor can read them. */
export function encodeLeaf(leaf: Leaf): Buffer {
  return Buffer.from(
    `gatehouse-leaf/v1 ${leaf.stream}\n${leaf.position}\n${Buffer.from(leaf.hash).toString('base64')}\n`,
  )
}

/** SHA-256(salt ‖ body), the body as UTF-8. */
export function hashBody(salt: Uint8Array, body: string): Buffer {
  return createHash('sha256').update(salt).update(body, 'utf8').digest()
}

/**
 * The body of an event: JSON with members sorted by name at every depth and no white space. It is stored as made; nothing
 * depends on making it again.
 */
export function encodeBody(event: SealedEvent): string {
  const { context, ...rest } = event
  const told = { ...rest, ...(Object.keys(context).length > 0 && { context }) }
  return toSortedJson(told) as string
}

/** As `JSON.stringify`, with members sorted by name at every depth; thrice as fast as with a replacer, for it makes no copies. */
export function toSortedJson(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((one) => toSortedJson(one) ?? 'null').join(',')}]`
  let text = '{'
  for (const name of Object.keys(value).sort()) {
    const member = toSortedJson((value as Record<string, unknown>)[name])
    if (member !== undefined) text += `${text === '{' ? '' : ','}${JSON.stringify(name)}:${member}`
  }
  return `${text}}`
}
