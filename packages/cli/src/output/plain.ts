import type { PlacedProblem } from '../failure.ts'

const hostile =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are meant
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/**
 * Text from the server, safe to print: no control character reaches the terminal, where it could move the cursor, set
 * the title or hide what follows.
 */
export function plain(value: unknown): string {
  if (value === undefined || value === null) return ''
  const text = typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value)
  return text.replace(hostile, (found) =>
    found === '\n' || found === '\t' ? ' ' : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** What JSON.stringify leaves bare and a terminal or an eye may take for something else. */
const unseen =
  /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g

/** JSON in visible characters only; parsing it gives back what it was made of. */
export function visibleJson(value: unknown, indent?: number): string {
  return (JSON.stringify(value, undefined, indent) ?? 'null').replace(unseen, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** A moment as local people read it, to the second, in UTC. */
export function moment(ms: unknown): string {
  if (typeof ms === 'string') return plain(ms).replace(/\.\d+Z$/, 'Z')
  return typeof ms === 'number'
    ? new Date(ms)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z')
    : ''
}

/** `file:line:column: text`, which editors and terminals turn into links. */
export function renderPlaced({ file, line, column, says, help }: PlacedProblem): string {
  const place = [file, line, column].filter((part) => part !== undefined && part !== 0).join(':')
  return `${plain(place)}: ${plain(says)}${help === undefined ? '' : `\n    ${plain(help)}`}`
}
