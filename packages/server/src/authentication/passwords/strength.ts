import type { ZxcvbnFactory } from '@zxcvbn-ts/core'
import type { Secret } from '#kernel'

/** Shortest and longest password in characters (NIST SP 800-63B-4 §3.1.1.2; the longest bounds the work). */
export const passwordLeast = 10
export const passwordMost = 256

let estimator: Promise<ZxcvbnFactory> | undefined

// The dictionaries take several megabytes: loaded when somebody first chooses a password.
const load = async (): Promise<ZxcvbnFactory> => {
  const [{ ZxcvbnFactory }, { dictionary, adjacencyGraphs }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ])
  return new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs })
}

const warnings: Record<string, string> = {
  straightRow: 'Keys in a row are easy to guess.',
  keyPattern: 'Short patterns on the keyboard are easy to guess.',
  simpleRepeat: 'The same letters again and again are easy to guess.',
  extendedRepeat: 'A repeated word is hardly harder to guess than the word.',
  sequences: 'Sequences such as “abc” or “6543” are easy to guess.',
  recentYears: 'Recent years are easy to guess.',
  dates: 'Dates are easy to guess.',
  topTen: 'This is one of the ten most used passwords.',
  topHundred: 'This is one of the hundred most used passwords.',
  common: 'This is a commonly used password.',
  similarToCommon: 'This is close to a commonly used password.',
  wordByItself: 'A single word is easy to guess.',
  namesByThemselves: 'Names by themselves are easy to guess.',
  commonNames: 'Common names are easy to guess.',
  userInputs: 'It is made of your own name or address, which others know.',
  pwned: 'This password has been seen in a data breach.',
}

/**
 * What is wrong with a password, in a sentence to the person who chose it; undefined when it is strong enough: at least 10
 * characters, and zxcvbn score 3 of 4 (more than 10⁸ guesses).
 * @param about words that others know about this person: names, addresses, the organization
 */
export async function findWeakness(password: Secret, about: readonly string[]): Promise<string | undefined> {
  const text = password.reveal().normalize('NFC')
  const length = Array.from(text).length
  if (length < passwordLeast) return `Use at least ${passwordLeast} characters: three or four unusual words do well.`
  if (length > passwordMost) return `Use at most ${passwordMost} characters.`
  estimator ??= load()
  const words = about
    .map((word) => word.toLowerCase())
    .flatMap((word) => [word, word.replaceAll(' ', '.'), ...word.split(/[\s@._-]+/)])
    .filter((word) => word.length > 2)
  const { score, feedback } = await (await estimator).checkAsync(text.slice(0, 100), [...words, 'gatehouse'])
  if (score >= 3) return undefined
  const warning = warnings[feedback.warning ?? '']
  return `${warning ?? 'This is too easy to guess.'} Add another word or two that do not belong together.`
}
