import { readFileSync } from 'node:fs'
import en from './en.json' with { type: 'json' }

/** Every text that people read on our pages and in our letters. English is the measure: a key that another lacks is a type error where the test takes all of them. */
export type Texts = typeof en

export interface LanguageFacts {
  /** As its own speakers call it. */
  readonly name: string
  readonly direction: 'ltr' | 'rtl'
  readonly texts: Texts
}

/** A language whose texts are read when somebody first speaks it: most installations need two of six. */
function spoken(language: string, name: string, direction: 'ltr' | 'rtl'): LanguageFacts {
  let texts: Texts | undefined
  return {
    name,
    direction,
    get texts(): Texts {
      texts ??= JSON.parse(readFileSync(new URL(`./${language}.json`, import.meta.url), 'utf8')) as Texts
      return texts
    },
  }
}

export const languages = {
  ar: spoken('ar', 'العربية', 'rtl'),
  de: spoken('de', 'Deutsch', 'ltr'),
  en: { name: 'English', direction: 'ltr', texts: en },
  es: spoken('es', 'Español', 'ltr'),
  fr: spoken('fr', 'Français', 'ltr'),
  ja: spoken('ja', '日本語', 'ltr'),
} as const satisfies Record<string, LanguageFacts>

export type Language = keyof typeof languages
export const languageNames = Object.keys(languages) as readonly Language[]
export const isLanguage = (text: unknown): text is Language =>
  typeof text === 'string' && Object.hasOwn(languages, text)

export const english: Texts = en

/** The language that a tag asks for, by leaving off its last parts (RFC 4647 §3.4): `de-AT` is German. */
export function languageOfTag(tag: string): Language | undefined {
  const first = tag.trim().toLowerCase().split('-')[0]
  return isLanguage(first) ? first : undefined
}

/** The first of several tags, in order of preference, that we speak (`ui_locales`, OpenID Connect Core §3.1.2.1). */
export function languageOfTags(tags: string): Language | undefined {
  for (const tag of tags.slice(0, 200).split(/\s+/)) {
    const found = languageOfTag(tag)
    if (found !== undefined) return found
  }
  return undefined
}

/** What a browser likes best of what we speak (RFC 9110 §12.5.4); `*` is no language. */
export function languageOfHeader(header: string): Language | undefined {
  const wishes = header
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', ...rest] = part.split(';')
      const weight = rest.map((each) => /^\s*q=([\d.]{1,5})\s*$/.exec(each)?.[1]).find((each) => each !== undefined)
      return { language: languageOfTag(tag), weight: weight === undefined ? 1 : Number(weight) }
    })
    .filter(({ language, weight }) => language !== undefined && weight > 0)
  return wishes.sort((one, other) => other.weight - one.weight)[0]?.language
}
