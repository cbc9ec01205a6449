/** Markup that is safe to send as it is: made only by `html` and `trustMarkup`. */
export class Html {
  readonly #markup: string
  constructor(markup: string) {
    this.#markup = markup
  }
  toString(): string {
    return this.#markup
  }
}

/** What a template takes: text and numbers are escaped, a `URL` must be http(s), nothing becomes nothing. */
export type Interpolated = Html | string | number | URL | undefined | null | false | readonly Interpolated[]

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/** Escapes text for element content and for quoted attribute values. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => entities[character] as string)
}

/**
 * A template whose every interpolation is escaped by its type. Attribute values stand in double quotes.
 * @throws {TypeError} for a `URL` of another scheme than http(s)
 */
export function html(parts: TemplateStringsArray, ...values: readonly Interpolated[]): Html {
  let markup = parts[0] as string
  for (const [index, value] of values.entries()) markup += render(value) + parts[index + 1]
  return new Html(markup)
}

/** Takes markup from a source that is ours alone. What comes from outside must never reach it. */
export function trustMarkup(markup: string): Html {
  return new Html(markup)
}

function render(value: Interpolated): string {
  if (value === undefined || value === null || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (Array.isArray(value)) return value.map(render).join('')
  if (value instanceof URL) {
    if (value.protocol !== 'https:' && value.protocol !== 'http:') throw new TypeError('a link must be http(s)')
    return escapeText(value.href)
  }
  return escapeText(String(value))
}
