import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFault } from '#kernel'
import { domainOfEmail, emailKey, normaliseDomain, parseEmail } from './email.ts'
import { Problems } from './problems.ts'
import { parseAttributes, parseDisplayName, parseSlug } from './text.ts'

function errors(body: (problems: Problems) => unknown): { pointer: string; detail: string }[] {
  const problems = new Problems()
  body(problems)
  try {
    problems.throwIfAny()
    return []
  } catch (error) {
    assert.ok(isFault(error, 'directory.invalid'))
    return error.extra?.errors as { pointer: string; detail: string }[]
  }
}

test('a slug is a DNS label in lower case (RFC 1123 2.1): 1 to 63 characters, no hyphen at either end', () => {
  const right = ['a', '7', 'a-b', 'xn--bcher-kva', 'a'.repeat(63)]
  const wrong = ['', 'A', '-a', 'a-', 'a_b', 'a.b', 'ä', 'a\n', 'a\0', 'a'.repeat(64)]
  for (const text of right)
    assert.deepEqual(
      errors((problems) => parseSlug(problems, '/name', text)),
      [],
      text,
    )
  for (const text of wrong) assert.equal(errors((problems) => parseSlug(problems, '/name', text)).length, 1, text)
})

test('an e-mail address is a dot-string and a domain name, which is normalised (RFC 5321 4.1.2)', () => {
  const parse = (text: string) => {
    let value = ''
    const found = errors((problems) => {
      value = parseEmail(problems, '/email', text)
    })
    return found.length === 0 ? value : undefined
  }
  assert.equal(parse('Alice.B+tag@EXAMPLE.com'), 'Alice.B+tag@example.com')
  assert.equal(parse('a@bücher.example'), 'a@xn--bcher-kva.example')
  assert.equal(parse(`${'a'.repeat(64)}@example.com`), `${'a'.repeat(64)}@example.com`)
  const wrong = [
    '',
    '@',
    'a',
    'a@',
    '@b.c',
    'a@b',
    'a@b@c.d',
    'a b@c.d',
    'a@c .d',
    '.a@b.c',
    'a.@b.c',
    'a..b@c.d',
    '"a"@b.c',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    'a@-b.c',
    'a@b-.c',
    'a@b..c',
    'a@.b.c',
    'а@b.c',
    'a@b.c\n',
    'a@b.c\r\nBcc: x@y.z',
    'a\0@b.c',
    'a@b\0.c',
    'a@%00.c',
    'a@b/c.d',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(64)}.c`,
    `a@${'b.'.repeat(127)}c`,
    'a@b.c,d@e.f',
    '<a@b.c>',
  ]
  for (const text of wrong) assert.equal(parse(text), undefined, JSON.stringify(text))
})

test('whatever is given, an address that is taken has one at-sign, no white space and a domain that is its own normal form', () => {
  const parts = fc.string({ unit: fc.constantFrom(...'aZ0.@-_+ü"\\ <>\n\0%[]:'), maxLength: 20 })
  fc.assert(
    fc.property(parts, (text) => {
      const problems = new Problems()
      const email = parseEmail(problems, '/email', text)
      if (email === '') return
      assert.match(email, /^[^@\s]+@[^@\s]+$/)
      assert.equal(normaliseDomain(domainOfEmail(email) as string), domainOfEmail(email))
      assert.equal(emailKey(emailKey(email)), emailKey(email))
    }),
    { numRuns: 5_000 },
  )
})

test('display names are one visible line; attributes are bounded, and each problem is told with its place', () => {
  const shown = (text: string) => errors((problems) => parseDisplayName(problems, '/displayName', text)).length === 0
  for (const text of ['Alice', 'O’Brien-Łukasz (Ops) 🚀', 'a'.repeat(200), 'अ']) assert.ok(shown(text), text)
  for (const text of [
    '',
    '  ',
    'a'.repeat(201),
    'a\nb',
    'a\0',
    '\u202eevil',
    'a\u200b',
    '\ud800',
    'a\u2028b',
    '\u{e0041}',
  ])
    assert.ok(!shown(text), JSON.stringify(text))
  const found = errors((problems) =>
    parseAttributes(problems, '/attributes', {
      ok: 'x',
      'not/ok': 'x',
      long: 'x'.repeat(1_025),
      nul: '\0',
      half: '\udc00',
      ['__proto__']: 'x',
    } as never),
  )
  assert.deepEqual(
    new Set(found.map((one) => one.pointer)),
    new Set([
      '/attributes/not~1ok',
      '/attributes/long',
      '/attributes/nul',
      '/attributes/half',
      '/attributes/__proto__',
    ]),
  )
})
