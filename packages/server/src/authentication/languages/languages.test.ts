import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeLetter } from '../mail/letters.ts'
import ar from './ar.json' with { type: 'json' }
import de from './de.json' with { type: 'json' }
import es from './es.json' with { type: 'json' }
import fr from './fr.json' with { type: 'json' }
import ja from './ja.json' with { type: 'json' }
import { type Language, languageNames, languageOfHeader, languageOfTags, languages, type Texts } from './languages.ts'
import { lookOf } from './look.ts'
import { fill, fillHtml, sayAgo, sayMinute } from './say.ts'

/** That a key which one lacks is a type error. */
const catalogues: Partial<Record<Language, Texts>> = { ar, de, es, fr, ja }

/** Every text with the way to it. */
const flat = (texts: Texts): Map<string, string> =>
  new Map(
    Object.entries(texts).flatMap(([group, members]) =>
      Object.entries(members as Record<string, string>).map(([key, text]) => [`${group}.${key}`, text] as const),
    ),
  )
const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()

/** Words that are the same in two languages by right. */
const same = new Set(['profile.name', 'account.passkeyName', 'consent.title', 'agents.on', 'letters.hello'])

test('every language has every text of English and none beside, with the same places to fill', () => {
  const english = flat(languages.en.texts)
  for (const name of languageNames) {
    const other = flat(languages[name].texts)
    assert.deepEqual(languages[name].texts, catalogues[name] ?? languages.en.texts)
    assert.deepEqual([...other.keys()].sort(), [...english.keys()].sort(), name)
    for (const [key, text] of other) {
      assert.notEqual(text.trim(), '', `${name} ${key}`)
      assert.deepEqual(places(text), places(english.get(key) as string), `${name} ${key}`)
    }
  }
})

test('no text was left in English: short words aside, each differs from it', () => {
  const english = flat(languages.en.texts)
  for (const name of languageNames.filter((each) => each !== 'en'))
    for (const [key, text] of flat(languages[name].texts))
      if (text.length > 12 && !same.has(key)) assert.notEqual(text, english.get(key), `${name} ${key}`)
})

test('Arabic is written in Arabic and Japanese in Japanese, each text of them', () => {
  for (const [name, script] of [
    ['ar', /\p{Script=Arabic}/u],
    ['ja', /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u],
  ] as const)
    for (const [key, text] of flat(languages[name].texts)) assert.match(text, script, `${name} ${key}`)
})

test('every letter is written whole in every language', () => {
  const url = 'https://id.example.com/x#y'
  const at = { atMs: 0, url }
  const values = { organization: 'Acme', url, days: 7, minutes: 60 }
  for (const name of languageNames) {
    const what = { key: 'passkeyAdded', name: 'Blue' } as const
    for (const { subject, text } of [
      writeLetter('invitation', 'Ada', values, name),
      writeLetter('recovery', 'Ada', values, name),
      writeLetter('password_changed', 'Ada', { ...at, address: '10.0.0.1' }, name),
      writeLetter('factor_changed', 'Ada', { ...at, what }, name),
      writeLetter('new_device', 'Ada', { ...at, agent: undefined, address: undefined }, name),
      writeLetter('email_confirm', 'Ada', values, name),
      writeLetter('register', 'Ada', values, name),
      writeLetter('registered', 'Ada', values, name),
      writeLetter('approved', 'Ada', values, name),
    ]) {
      assert.doesNotMatch(subject + text, /\{|undefined/, name)
      assert.ok(text.includes(url) && text.includes('Ada'), name)
    }
    for (const { subject, text } of [
      writeLetter('email_changed', 'Ada', { atMs: 0 }, name),
      writeLetter('closed', 'Ada', { atMs: 0, organization: 'Acme' }, name),
      writeLetter('refused', 'Ada', { organization: 'Acme' }, name),
    ])
      assert.doesNotMatch(subject + text, /\{|undefined/, name)
  }
})

test('ui_locales: the first tag that we speak, regions aside (OpenID Connect Core 3.1.2.1, RFC 4647 3.4)', () => {
  assert.equal(languageOfTags('xx de-AT fr'), 'de')
  assert.equal(languageOfTags('zh-Hant'), undefined)
  assert.equal(languageOfTags('__proto__ toString ES'), 'es')
})

test('Accept-Language: by weight, then by place; zero means no (RFC 9110 12.5.4)', () => {
  assert.equal(languageOfHeader('fr;q=0.5, de-CH;q=0.9, *;q=0.1'), 'de')
  assert.equal(languageOfHeader('ja;q=0, es'), 'es')
  assert.equal(languageOfHeader('ar-EG, en'), 'ar')
  assert.equal(languageOfHeader('*'), undefined)
  assert.equal(languageOfHeader(''), undefined)
})

test('what was asked for comes before what was chosen, and that before what the browser likes', () => {
  const language = (query: object, cookies: object, header = 'ja') =>
    lookOf({ query, cookies, method: 'GET', url: '/x', headers: { 'accept-language': header } } as never).language
  const chosen = { 'gatehouse-language': 'fr' }
  assert.equal(language({}, {}), 'ja')
  assert.equal(language({}, {}, 'xx'), 'en')
  assert.equal(language({}, chosen), 'fr')
  assert.equal(language({}, { '__Host-gatehouse-language': 'fr' }), 'fr')
  assert.equal(language({}, { ...chosen, 'gatehouse-asked-language': 'es' }), 'es')
  assert.equal(language({ ui_locales: 'ar' }, { ...chosen, 'gatehouse-asked-language': 'es' }), 'ar')
  assert.equal(language({ ui_locales: 'xx' }, { 'gatehouse-language': '../etc' }), 'ja')
})

test('values of a text are escaped in markup and never read as places', () => {
  assert.equal(String(fillHtml('<{a}> {b}', { a: '<i>', b: '{a}' })), '&lt;&lt;i&gt;&gt; {a}')
  assert.equal(fill('{a} {b}', { a: '{b}', b: 'x' }), '{b} x')
})

test('times are said in words of the language, with the digits that people type', () => {
  assert.equal(sayAgo('en', 0, 0), 'now')
  assert.equal(sayAgo('en', 0, 26 * 3_600_000), 'yesterday')
  assert.equal(sayAgo('de', 0, 3 * 3_600_000), 'vor 3 Stunden')
  assert.match(sayMinute('ar', 0), /^1 يناير 1970, 00:00 UTC$/)
})
