import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CedarError, type CedarErrorCode, Entities, formatPolicies, PolicySet } from './index.ts'
import { ask } from './reference.ts'

const codeOf = (run: () => unknown): CedarErrorCode | undefined => {
  try {
    run()
  } catch (error) {
    if (!(error instanceof CedarError)) throw error
    return error.code
  }
  return undefined
}
const all = { op: 'All' }

test('ask: a real trap of the WASM ends in `limit`, and a fresh instance takes over', () => {
  const before = ask((reference) => reference)
  const deep = `permit(principal, action, resource) when { ${'('.repeat(200_000)}true${')'.repeat(200_000)} };`
  assert.equal(
    codeOf(() => ask((reference) => reference.policySetTextToParts(deep))),
    'limit',
  )
  assert.notEqual(
    ask((reference) => reference),
    before,
  )
  assert.equal(PolicySet.parse('permit(principal, action, resource);').size, 1)
})

test('an unknown extension function is refused as text, as policy JSON and in a value', () => {
  const condition = (body: string) => `permit(principal, action, resource) when { ${body} };`
  assert.equal(
    codeOf(() => PolicySet.parse(condition('geo("1,2") == geo("1,2")'))),
    'syntax',
  )
  assert.equal(
    codeOf(() => PolicySet.parse(condition('context.at.isNear("here")'))),
    'syntax',
  )
  const body = { geo: [{ Value: '1,2' }] }
  const policy = { effect: 'permit', principal: all, action: all, resource: all, conditions: [{ kind: 'when', body }] }
  assert.equal(
    codeOf(() => PolicySet.fromJson({ staticPolicies: { odd: policy } })),
    'json',
  )
  const attrs = { at: { __extn: { fn: 'geo', arg: '1,2' } } }
  assert.equal(
    codeOf(() => Entities.fromJson([{ uid: { type: 'A', id: 'a' }, attrs, parents: [] }])),
    'json',
  )
})

test('formatPolicies: says the same more readably, formats its own text to itself, and refuses what does not parse', () => {
  const text = '@id("a") permit(principal,action==Action::"read",resource)when{context.n<3&&!(principal==resource)};'
  const formatted = formatPolicies(text)
  assert.ok(formatted.split('\n').length > 1)
  assert.equal(formatPolicies(formatted), formatted)
  assert.equal(PolicySet.parse(formatted).toJsonText(), PolicySet.parse(text).toJsonText())
  assert.equal(
    codeOf(() => formatPolicies('permit(')),
    'syntax',
  )
})

test('the example of the README runs as it stands, and allows', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] as string
  const home = fileURLToPath(new URL('./index.ts', import.meta.url))
  const entityJson = [
    { uid: { type: 'User', id: 'ann' }, attrs: {}, parents: [{ type: 'Group', id: 'staff' }] },
    { uid: { type: 'Doc', id: 'd' }, attrs: { locked: false }, parents: [{ type: 'Folder', id: 'f' }] },
  ]
  const folder = mkdtempSync(join(tmpdir(), 'cedar-readme-'))
  try {
    const file = join(folder, 'example.ts')
    const whole = `const entityJson = ${JSON.stringify(entityJson)}\n${example}\nexport { decision, reasons, errors }\n`
    writeFileSync(file, whole.replace("'@gatehouse/cedar'", JSON.stringify(home)))
    const { decision, reasons, errors } = await import(file)
    assert.deepEqual({ decision, reasons, errors }, { decision: 'allow', reasons: ['l1'], errors: [] })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
