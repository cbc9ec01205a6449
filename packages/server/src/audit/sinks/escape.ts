/**
 * Characters that another program or a person's eye may take for something else: controls, line and paragraph separators,
 * those that turn the direction of text (Unicode Bidi_Control) or show nothing, and tags (U+E0000 to U+E007F).
 */
const hostile =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the point
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g

const escaped = (found: string) =>
  found
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')

/** JSON on one line of visible characters; parsing it gives back what it was made of. */
export function toVisibleJson(value: unknown): string {
  // JSON.stringify leaves no control character bare, so what is replaced here stands inside strings.
  return JSON.stringify(value).replace(hostile, escaped)
}

/** Text on one line of visible characters, for places that are read and never parsed. */
export function toVisible(text: string): string {
  return text.replace(hostile, escaped)
}

/**
 * One field of CSV (RFC 4180), quoted where it must be; a field that a spreadsheet would take for a formula begins with an
 * apostrophe.
 */
export function toCsvField(value: string | number | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const visible = toVisible(value)
  const safe = /^\s*[=+\-@\t\r|%]/.test(visible) ? `'${visible}` : visible
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
