import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import type { German } from './de.ts'
import { english } from './english.ts'

/** What can be said: the English sentence itself. That each has its German is checked by the compiler. */
export type Sentence = keyof German
export type Language = 'en' | 'de'
type Values = Readonly<Record<string, string | number>>

export interface Words {
  readonly language: Language
  readonly t: (sentence: Sentence, values?: Values) => string
  /** A moment in the reader's own time zone, to the minute. */
  readonly time: (ms: number) => string
  /** The same to the second with the zone's name, for where it must not be mistaken. */
  readonly exact: (ms: number) => string
  /** "3 minutes ago". */
  readonly ago: (ms: number) => string
  readonly number: (value: number, digits?: number) => string
  readonly choose: (language: Language) => void
}

const Context = createContext<Words | undefined>(undefined)
const key = 'gatehouse.language'
const steps = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

export function fill(sentence: string, values: Values = {}): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole))
}

function firstLanguage(): Language {
  const kept = localStorage.getItem(key)
  if (kept === 'en' || kept === 'de') return kept
  return navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en'
}

export function WordsProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(firstLanguage)
  const [german, setGerman] = useState<German>()
  useEffect(() => {
    document.documentElement.lang = language
    if (language === 'de' && german === undefined) void import('./de.ts').then((module) => setGerman(module.german))
  }, [language, german])
  const words = useMemo((): Words => {
    const dates = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
    const exacts = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'long' })
    const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
    return {
      language,
      t: (sentence, values) => fill((language === 'de' ? german?.[sentence] : english[sentence]) ?? sentence, values),
      time: (ms) => dates.format(ms),
      exact: (ms) => exacts.format(ms),
      ago: (ms) => {
        const passed = ms - Date.now()
        const [unit, size] = steps.find(([, one]) => Math.abs(passed) >= one) ?? (['second', 1_000] as const)
        return relative.format(Math.round(passed / size), unit)
      },
      number: (value, digits = 0) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value),
      choose: (chosen) => {
        localStorage.setItem(key, chosen)
        setLanguage(chosen)
      },
    }
  }, [language, german])
  // Nothing is shown in one language first and in another then.
  if (language === 'de' && german === undefined) return null
  return <Context value={words}>{children}</Context>
}

export function useWords(): Words {
  const words = useContext(Context)
  if (words === undefined) throw new Error('no words')
  return words
}
