import type { ZxcvbnFactory } from '@zxcvbn-ts/core'
import type { Secret } from '#kernel'
import { english } from '../languages/languages.ts'
import type { Weakness } from '../languages/say-fault.ts'

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

/**
 * What is wrong with a password, as the catalogue of texts knows it; undefined when it is strong enough: at least 10
 * characters, and zxcvbn score 3 of 4 (more than 10⁸ guesses).
 * @param about words that others know about this person: names, addresses, the organization
 */
export async function findWeakness(password: Secret, about: readonly string[]): Promise<Weakness | undefined> {
  const text = password.reveal().normalize('NFC')
  const length = Array.from(text).length
  if (length < passwordLeast) return { key: 'short', least: passwordLeast }
  if (length > passwordMost) return { key: 'long', most: passwordMost }
  estimator ??= load()
  const words = about
    .map((word) => word.toLowerCase())
    .flatMap((word) => [word, word.replaceAll(' ', '.'), ...word.split(/[\s@._-]+/)])
    .filter((word) => word.length > 2)
  const { score, feedback } = await (await estimator).checkAsync(text.slice(0, 100), [...words, 'gatehouse'])
  if (score >= 3) return undefined
  const warning = feedback.warning ?? ''
  return { key: Object.hasOwn(english.weak, warning) ? (warning as Weakness['key']) : 'guessable' }
}
