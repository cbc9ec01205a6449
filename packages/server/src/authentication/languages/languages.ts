import ar from './ar.json' with { type: 'json' }
import de from './de.json' with { type: 'json' }
import en from './en.json' with { type: 'json' }
import es from './es.json' with { type: 'json' }
import fr from './fr.json' with { type: 'json' }
import ja from './ja.json' with { type: 'json' }

/** Every text that people read on our pages and in our letters. English is the measure: a key that another lacks is a type error. */
export type Texts = typeof en

export interface LanguageFacts {
  /** As its own speakers call it. */
  readonly name: string
  readonly direction: 'ltr' | 'rtl'
  readonly texts: Texts
}

export const languages = {
  ar: { name: 'العربية', direction: 'rtl', texts: ar },
  de: { name: 'Deutsch', direction: 'ltr', texts: de },
  en: { name: 'English', direction: 'ltr', texts: en },
  es: { name: 'Español', direction: 'ltr', texts: es },
  fr: { name: 'Français', direction: 'ltr', texts: fr },
  ja: { name: '日本語', direction: 'ltr', texts: ja },
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
