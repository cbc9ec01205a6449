import type { Problems } from './problems.ts'

/*
 * Rules for user names, after RFC 8265 (UsernameCaseMapped) and UTS #39:
 * 1. NFKC and lower case, final sigma as sigma: `usernameKey`. Look-ups compare keys, so `Alice` and `ａlice` find `alice`.
 * 2. Letters, marks, ASCII digits and `. _ - + @`; a letter or digit first; at most two marks in a row; 1–128 characters.
 * 3. Letters of one script only (UTS #39 §5.1), but for the combinations in which Japanese, Chinese and Korean are written.
 * 4. Within an organization no two names look alike: `usernameLooks`, which maps letters that most fonts draw the same
 *    (Cyrillic, Greek, Armenian and Latin look-alikes of a–z) onto one, is unique too.
 */
const shape = /^[\p{L}0-9][\p{L}\p{M}0-9._+@-]{0,127}$/u
const marksInARow = /\p{M}{3}/u

// A letter's script, by Script_Extensions; what is Common or Inherited fits any.
const scripts = (
  'Latin Greek Cyrillic Armenian Georgian Hebrew Arabic Devanagari Bengali Gurmukhi Gujarati Oriya Tami' +
  'l Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Khmer Mongolian Ethiopic Han Hiragana Katakana Hangul Bopomofo'
)
  .split(' ')
  .map((name) => ({ name, letter: new RegExp(`\\p{Script_Extensions=${name}}`, 'u') }))
const writtenTogether = [
  new Set(['Han', 'Hiragana', 'Katakana']),
  new Set(['Han', 'Bopomofo']),
  new Set(['Han', 'Hangul']),
]

// Each letter with the one of a–z that it looks like. Within one script hardly two letters share one.
const lookAlikes = new Map(
  (
    'аa сc ԁd еe һh іi јj ӏl оo рp ԛq гr ѕs ѵv ԝw хx уy үy αa ϲc ιi ϳj κk νv οo ' +
    'ρp τt υu χx γy աw հh ոn սu օo ցg զq յj ıi ɩi ɑa ɡg ƅb ʋu ꞵb кk тt пn вb нh мm'
  )
    .split(' ')
    .map((pair) => Array.from(pair) as [string, string]),
)

/** What user names are compared by. Idempotent. */
export function usernameKey(text: string): string {
  let key = text
  for (let turn = 0; turn < 4; turn++) {
    const next = key.normalize('NFKC').toLowerCase().replaceAll('ς', 'σ').normalize('NFKC')
    if (next === key) break
    key = next
  }
  return key
}

/** A key that is the same for names that look the same; only ever compared, never shown. */
export function usernameLooks(key: string): string {
  const plain = Array.from(key, (letter) => lookAlikes.get(letter) ?? letter).join('')
  return plain.replace(/([ij])\u0307/g, '$1') // a dot above adds nothing to a letter that has one
}

function isOfOneScript(key: string): boolean {
  let possible: Set<string> | undefined
  const seen = new Set<string>()
  for (const letter of key) {
    if (!/\p{L}/u.test(letter) || /[\p{Script=Common}\p{Script=Inherited}]/u.test(letter)) continue
    const own = new Set(scripts.filter((script) => script.letter.test(letter)).map((script) => script.name))
    if (own.size === 0) return false
    for (const name of own) seen.add(name)
    possible = possible === undefined ? own : new Set([...possible].filter((name) => own.has(name)))
  }
  if (possible === undefined || possible.size > 0) return true
  return writtenTogether.some((together) => [...seen].every((name) => together.has(name)))
}

/** The name in the form that is kept, which is its own key. */
export function parseUsername(problems: Problems, pointer: string, text: string): string {
  if (!problems.check(text.length <= 256 && text.isWellFormed(), pointer, 'must have at most 128 characters')) return ''
  const key = usernameKey(text)
  const right = problems.check(
    shape.test(key) && key.length <= 128 && !marksInARow.test(key),
    pointer,
    'must be 1 to 128 letters, digits and ". _ - + @", a letter or digit first',
  )
  if (right) problems.check(isOfOneScript(key), pointer, 'must not mix letters of different scripts')
  return key
}
