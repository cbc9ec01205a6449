import { type Html, html, type Interpolated } from '../pages/html.ts'
import { english, type Language, languages, type Texts } from './languages.ts'

/** A sentence that is put into words only when the page knows its reader's language. */
export type Says = (t: Texts) => string

/** A text with its places, as `{name}`, filled by plain text. */
export const fill = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (place, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : place))

/** The same as markup: the text is escaped, a value may be markup of ours. */
export function fillHtml(text: string, values: Readonly<Record<string, Interpolated>>): Html {
  const parts = text.split(/\{(\w+)\}/)
  return html`${parts.map((part, at) => (at % 2 === 0 ? part : Object.hasOwn(values, part) ? values[part] : `{${part}}`))}`
}

// Digits are those that people type: `١٢` in a page would have to be read back.
const tagOf = (language: Language) => (language === 'en' ? 'en-GB' : `${language}-u-nu-latn`)

const days = new Map<Language, Intl.DateTimeFormat>()
/** `3 March 2026`. */
export function sayDay(language: Language, atMs: number): string {
  let format = days.get(language)
  if (format === undefined) {
    const shape = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const
    format = new Intl.DateTimeFormat(tagOf(language), shape)
    days.set(language, format)
  }
  return format.format(atMs)
}

/** The day and the minute, in UTC. */
export const sayMinute = (language: Language, atMs: number): string =>
  `${sayDay(language, atMs)}, ${new Date(atMs).toISOString().slice(11, 16)} UTC`

const ages = new Map<Language, Intl.RelativeTimeFormat>()
/** How long ago, in one word or two. */
export function sayAgo(language: Language, atMs: number, nowMs: number): string {
  let format = ages.get(language)
  if (format === undefined) {
    format = new Intl.RelativeTimeFormat(tagOf(language), { numeric: 'auto' })
    ages.set(language, format)
  }
  const minutes = Math.floor((nowMs - atMs) / 60_000)
  if (minutes < 2) return format.format(0, 'second')
  if (minutes < 60) return format.format(-minutes, 'minute')
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? format.format(-hours, 'hour') : format.format(-Math.floor(hours / 24), 'day')
}

const countries = new Map<Language, Intl.DisplayNames>()
/** The name of a country (ISO 3166-1 alpha-2). */
export function sayCountry(language: Language, code: string): string {
  let names = countries.get(language)
  if (names === undefined) {
    names = new Intl.DisplayNames(tagOf(language), { type: 'region' })
    countries.set(language, names)
  }
  return names.of(code) ?? code
}

/** `7 days`, `60 minutes`. */
export const sayTime = (language: Language, count: number, unit: 'day' | 'hour' | 'minute'): string =>
  new Intl.NumberFormat(tagOf(language), { style: 'unit', unit, unitDisplay: 'long' }).format(count)

/** `Chrome on Linux`, as far as a user agent string tells. */
export function sayAgent(t: Texts, agent: string | undefined): string {
  if (agent === undefined) return t.agents.unknown
  const browser = (browsers.find(([shape]) => shape.test(agent)) ?? [undefined, undefined])[1]
  const said = browser ?? (/curl|node|undici/i.test(agent) ? t.agents.program : t.agents.browser)
  const system = systems.find(([shape]) => shape.test(agent))?.[1]
  return system === undefined ? said : fill(t.agents.on, { browser: said, system })
}

// The first that fits: those that pretend to be others come before these.
const browsers: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrom(e|ium)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]
const systems: readonly (readonly [RegExp, string])[] = [
  [/Android/, 'Android'],
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux|X11/, 'Linux'],
]

/** The same in English, for what is kept rather than shown. */
export const describeAgent = (agent: string | undefined): string => sayAgent(english, agent)

export const textsOf = (language: Language): Texts => languages[language].texts
