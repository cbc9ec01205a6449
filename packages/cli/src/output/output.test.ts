import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { exits, failureOf } from '../failure.ts'
import { renderFailure } from './output.ts'
import { plain, visibleJson } from './plain.ts'
import { renderFields, renderTable } from './table.ts'

test('plain: escape sequences and bidirectional overrides from the server never reach the terminal', () => {
  assert.equal(plain('a\u001b]0;title\u0007b'), 'a\\u001b]0;title\\u0007b')
  assert.equal(plain('user\u202egnp.exe'), 'user\\u202egnp.exe')
  assert.equal(plain('two\nlines'), 'two lines')
  assert.equal(plain('Žofie 山田'), 'Žofie 山田')
})

test('visibleJson: what a terminal would act on or an eye not see is escaped, and parses to what it was', () => {
  const hostile = {
    name: 'a\u009b31mred\u202egnp.exe\u200b\ufeff\u2028\u{e0041}',
    title: '\u001b]0;t\u0007',
    kept: 'Žofie 山田 😀',
  }
  for (const indent of [undefined, 2]) {
    const text = visibleJson(hostile, indent)
    assert.deepEqual(JSON.parse(text), hostile)
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\u2028\u2029]/u)
    assert.ok(text.includes('Žofie 山田 😀'))
  }
})

test('renderTable: columns are as wide as their contents, the last has no trailing space', () => {
  const rows = [
    { name: 'alice', state: 'active' },
    { name: 'bartholomew', state: 'on' },
  ]
  const text = renderTable(
    [
      { title: 'name', of: (row) => row.name },
      { title: 'state', of: (row) => row.state },
    ],
    rows,
  )
  assert.deepEqual(stripVTControlCharacters(text).split('\n'), [
    'NAME         STATE',
    'alice        active',
    'bartholomew  on',
  ])
})

test('renderTable: the widest column is cut when the terminal is too narrow, others stay whole', () => {
  const text = renderTable(
    [
      { title: 'id', of: (row: string) => row },
      { title: 'what', of: () => 'x'.repeat(60) },
    ],
    ['id-1'],
    40,
  )
  const [, line] = stripVTControlCharacters(text).split('\n')
  assert.equal(line?.length, 40)
  assert.match(line ?? '', /^id-1 {2}x+…$/)
})

test('renderFields: empty fields are left out', () => {
  assert.equal(
    stripVTControlCharacters(
      renderFields([
        ['Name', 'a'],
        ['E-mail', undefined],
      ]),
    ),
    'Name  a',
  )
})

test('a problem is told with title, detail, place, request id and what to do next', () => {
  const failure = failureOf(
    403,
    { title: 'Your roles do not allow this', detail: 'suspendUser on User::"u"', requestId: 'r-1' },
    undefined,
  )
  assert.equal(failure.exit, exits.denied)
  const text = stripVTControlCharacters(renderFailure(failure, false))
  assert.match(
    text,
    /^Error: Your roles do not allow this\n {2}suspendUser on User::"u"\n {2}Request: r-1\n {2}Next: {4}/,
  )
  assert.match(text, /gatehouse events --request r-1/)
  const json = JSON.parse(renderFailure(failure, true))
  assert.equal(json.error.exit, 3)
  assert.equal(json.error.requestId, 'r-1')
})

test('exit codes follow the status: 401 and 403 denied, 404 and 410 not found, all else failed', () => {
  const of = (status: number) => failureOf(status, {}, undefined).exit
  assert.deepEqual([400, 401, 403, 404, 410, 412, 422, 500, 503].map(of), [1, 3, 3, 4, 4, 1, 1, 1, 1])
})
