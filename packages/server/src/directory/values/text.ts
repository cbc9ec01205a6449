import type { Problems } from './problems.ts'

// Controls (NUL, which PostgreSQL refuses, among them), lone surrogates, line separators, and the invisible characters
// that reorder or hide text (UAX #9 bidirectional controls, zero-width and tag characters).
const unfit =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/u

/** Text for people: NFC, trimmed, one line, nothing invisible, 1–200 characters (UTF-16 units). */
export function parseDisplayName(problems: Problems, pointer: string, text: string): string {
  const name = text.normalize('NFC').trim()
  problems.check(name.length >= 1 && name.length <= 200, pointer, 'must have 1 to 200 characters')
  problems.check(!unfit.test(name), pointer, 'must be one line without control or invisible characters')
  return name
}

export const slugShape = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** A name for machines and files: a DNS label (RFC 1123 §2.1) in lower case, 1–63 of a–z, 0–9 and inner hyphens. */
export function parseSlug(problems: Problems, pointer: string, text: string): string {
  problems.check(slugShape.test(text), pointer, 'must be 1 to 63 of a-z, 0-9 and hyphens, with no hyphen at either end')
  return text
}

const attributeName = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/
const attributesMost = 64

/** Custom attributes: at most 64, names of 1–64 of A–Z a–z 0–9 `_ . -`, values of at most 1,024 characters without NUL. */
export function parseAttributes(
  problems: Problems,
  pointer: string,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const entries = Object.entries(given)
  problems.check(entries.length <= attributesMost, pointer, `must have at most ${attributesMost} members`)
  for (const [name, value] of entries) {
    const place = `${pointer}/${name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`
    problems.check(
      attributeName.test(name) && name !== '__proto__',
      place,
      'must be named with 1 to 64 of A-Z, a-z, 0-9, "_", "." and "-", no digit first',
    )
    problems.check(value.length <= 1_024, place, 'must have at most 1024 characters')
    problems.check(value.isWellFormed() && !value.includes('\0'), place, 'must be Unicode text without NUL')
  }
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
