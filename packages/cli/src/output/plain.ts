import type { PlacedProblem } from '../failure.ts'

/**
 * Text from the server, safe to print: no control character reaches the terminal, where it could move the cursor, set
 * the title or hide what follows.
 */
export function plain(value: unknown): string {
  if (value === undefined || value === null) return ''
  const text = typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are meant
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (found) =>
    found === '\n' || found === '\t' ? ' ' : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
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
