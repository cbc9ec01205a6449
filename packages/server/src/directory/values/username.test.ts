import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFault } from '#kernel'
import { Problems } from './problems.ts'
import { parseUsername, usernameKey, usernameLooks } from './username.ts'

function parse(text: string): string | undefined {
  const problems = new Problems()
  const name = parseUsername(problems, '/username', text)
  try {
    problems.throwIfAny()
    return name
  } catch (error) {
    assert.ok(isFault(error, 'directory.invalid'))
    return undefined
  }
}

test('user names are kept in NFKC and lower case, in any script of the world', () => {
  const kept: [string, string][] = [
    ['Alice', 'alice'],
    ['alice@example.com', 'alice@example.com'],
    ['ＡＬＩＣＥ', 'alice'],
    ['ﬁona', 'fiona'],
    ['Ångström', 'ångström'],
    ['A\u030angstro\u0308m', 'ångström'],
    ['Σωκράτης', 'σωκράτησ'],
    ['ΣΩΚΡΆΤΗΣ', 'σωκράτησ'],
    ['Тарас', 'тарас'],
    ['山田太郎', '山田太郎'],
    ['やまだ', 'やまだ'],
    ['山田たろうタロー', '山田たろうタロー'],
    ['김철수', '김철수'],
    ['محمد', 'محمد'],
    ['प्रिया', 'प्रिया'],
    ['7of9', '7of9'],
    ['o.brien_x-1+a', 'o.brien_x-1+a'],
    ['x'.repeat(128), 'x'.repeat(128)],
  ]
  for (const [given, name] of kept) assert.equal(parse(given), name, given)
})

test('names are refused that hide, mix scripts, begin oddly or are too long', () => {
  const refused = [
    '',
    ' ',
    'a b',
    '.a',
    '-a',
    '_a',
    '@a',
    '\u0301a',
    'a\0',
    'a\n',
    'a\u200db',
    'a\u202eb',
    'a\u00adb',
    'a\ufeffb',
    'a/b',
    'a\\b',
    'a"b',
    "a'b",
    'a<b',
    'a;b',
    'a%b',
    'q\u0301\u0302\u0303',
    'pаypal',
    'Αlice',
    'aאb',
    'アa',
    '한a',
    '１٢',
    '٢',
    '😀',
    '\ud800',
    'a\udc00b',
    'x'.repeat(129),
    'x'.repeat(100_000),
    '\ufdfa'.repeat(100),
  ]
  for (const given of refused) assert.equal(parse(given), undefined, JSON.stringify(given.slice(0, 20)))
})

test('names that look alike share their looks; those that differ to the eye do not', () => {
  const alike: [string, string][] = [
    ['capo', 'саро'],
    ['hope', 'һоре'],
    ['alice', 'alıce'],
    ['oxy', 'оху'],
    ['i\u0307', 'i'],
  ]
  for (const [a, b] of alike) assert.equal(usernameLooks(usernameKey(a)), usernameLooks(usernameKey(b)), `${a} ${b}`)
  const different: [string, string][] = [
    ['alice', 'alicia'],
    ['bob1', 'bobl'],
    ['o0', 'oo'],
    ['rn', 'm'],
    ['σοφία', 'οοφία'],
  ]
  for (const [a, b] of different) assert.notEqual(usernameLooks(usernameKey(a)), usernameLooks(usernameKey(b)))
})

test('a name that is taken is its own key, and every spelling with that key means it', () => {
  const spelling = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(...'aAéÉßıİςΣσﬁⅣ①Дд한あア㍿ǅ.-_@'), maxLength: 12 }),
  )
  fc.assert(
    fc.property(spelling, (text) => {
      const key = usernameKey(text)
      assert.equal(usernameKey(key), key, 'idempotent')
      const name = parse(text)
      if (name === undefined) return
      assert.equal(name, key)
      assert.equal(parse(name), name)
      assert.equal(usernameKey(text.normalize('NFD')), key)
      assert.match(name, /^[\p{L}0-9]/u)
    }),
    { numRuns: 5_000 },
  )
})
