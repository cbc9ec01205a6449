import type { Clause } from '@gatehouse/cedar'

/** Words that make an attribute's name a secret's, whatever the manifest says. */
const secretWords: ReadonlySet<string> = new Set([
  ...['password', 'passwd', 'passphrase', 'secret', 'secrets', 'token', 'tokens', 'credential', 'credentials'],
  ...['apikey', 'privatekey', 'accesskey', 'pin', 'otp', 'ssn', 'iban', 'cvv'],
])
export const masked = '(masked)'

/**
 * Hides what explanations must not show: values of attributes that the bundle calls secret (`secret_attributes`) or whose names
 * say so, and the constants that policies compare them with.
 */
export class Masks {
  readonly #names: ReadonlySet<string>

  constructor(names: readonly string[] = []) {
    this.#names = new Set(names)
  }

  clause({ kind, text, values, error }: Clause): Clause {
    return {
      kind,
      text: this.#speaksOfSecrets(text) ? text.replace(/"(?:[^"\\]|\\.)*"|\b\d+\b/g, '"…"') : text,
      values: values.map(({ expression, value }) => ({
        expression,
        value: this.#speaksOfSecrets(expression) || this.#speaksOfSecrets(value) ? masked : value,
      })),
      error: error === undefined ? undefined : withoutValues(error),
    }
  }

  #speaksOfSecrets(text: string): boolean {
    for (const [name] of text.matchAll(/[A-Za-z_]\w*/g)) {
      if (this.#names.has(name)) return true
      const words = name
        .replace(/([a-z\d])([A-Z])/g, '$1_$2')
        .toLowerCase()
        .split('_')
      if (words.some((word, at) => secretWords.has(word) || secretWords.has(word + (words[at + 1] ?? '')))) return true
    }
    return false
  }
}

/** The engine's message without what it quotes of values: the numbers of an overflow, the text of a broken date. */
export function withoutValues(message: string): string {
  if (message.includes('integer overflow')) return message.replace(/(the values?) .*$/s, '$1 at hand')
  return message.includes('extension function') ? message.replace(/(extension function).*$/s, '$1') : message
}
