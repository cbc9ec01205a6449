import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CedarError, Entities, PolicySet, type Request, validateSchema } from './index.ts'

const when = (body: string) => `permit(principal, action, resource) when { ${body} };`
const a = { type: 'A', id: 'a' }
const request: Request = { principal: a, action: { type: 'Action', id: 'x' }, resource: a }
const nothing = Entities.fromJson([])
const decide = (body: string, context: Record<string, unknown> = {}, entities = nothing) =>
  PolicySet.parse(when(body)).authorize({ ...request, context }, entities).decision
const policyJson = (body: unknown) => {
  const all = { op: 'All' }
  const policy = { effect: 'permit', principal: all, action: all, resource: all, conditions: [{ kind: 'when', body }] }
  return { staticPolicies: { deep: policy } }
}
const nested = (levels: number, wrap: (inner: unknown) => unknown, core: unknown) => {
  let value = core
  for (let level = 0; level < levels; level++) value = wrap(value)
  return value
}
const cyclic: Record<string, unknown> = {}
cyclic['!'] = { arg: cyclic }
const line = (length: number) =>
  Entities.fromJson(
    Array.from({ length }, (_, at) => ({
      uid: { type: 'A', id: at === 0 ? 'a' : `${at}` },
      attrs: {},
      parents: [{ type: 'A', id: `${at + 1}` }],
    })),
  )

/** What a hostile source may try; each must end in a `CedarError` of the code, within seconds. */
const attacks: [string, 'limit' | 'syntax' | 'json' | 'schema', () => unknown][] = [
  ['brackets nested past the reference’s stack', 'limit', () => decide(`${'('.repeat(5000)}true${')'.repeat(5000)}`)],
  [
    'a chain of else-ifs past the reference’s stack',
    'limit',
    () => decide(`${'if true then true else '.repeat(2000)}true`),
  ],
  ['a chain of && past the reference’s stack', 'limit', () => decide(`true${' && true'.repeat(20_000)}`)],
  ['attributes of attributes, 3,000 deep', 'limit', () => decide(`principal${'.a'.repeat(3000)}`)],
  ['a policy longer than a policy may be', 'limit', () => decide(`"${'a'.repeat(300_000)}" == "a"`)],
  ['a text of twenty million characters', 'limit', () => PolicySet.parse('x'.repeat(20_000_000))],
  ['a string that never ends', 'syntax', () => decide(`"${'a'.repeat(200_000)}`)],
  ['a lone surrogate', 'syntax', () => decide('"\ud800" == "a"')],
  [
    'policy JSON nested 100,000 deep',
    'limit',
    () => PolicySet.fromJson(policyJson(nested(100_000, (arg) => ({ '!': { arg } }), { Value: true }))),
  ],
  ['policy JSON that contains itself', 'limit', () => PolicySet.fromJson(policyJson(cyclic))],
  ['JSON text nested a million deep', 'limit', () => Entities.fromJson('['.repeat(1_000_000))],
  [
    'an attribute nested 100,000 deep',
    'limit',
    () => Entities.fromJson([{ uid: a, attrs: { v: nested(100_000, (v) => [v], 1) }, parents: [] }]),
  ],
  ['a context that contains itself', 'limit', () => decide('true', { cyclic })],
  ['a context of more than a million values', 'limit', () => decide('true', { v: new Array(1_000_001).fill(1) })],
  [
    'a like pattern made to backtrack',
    'limit',
    () => decide(`context.s like "*${'a'.repeat(30_000)}b*${'a'.repeat(30_000)}c*"`, { s: 'a'.repeat(2_000_000) }),
  ],
  [
    'large sets compared again and again',
    'limit',
    () => {
      const set = Array.from({ length: 100_000 }, (_, at) => [at])
      return decide(new Array(2000).fill('context.a == context.b').join(' && '), { a: set, b: structuredClone(set) })
    },
  ],
  ['a hierarchy 300,000 deep', 'limit', () => decide('principal in A::"x"', {}, line(300_000))],
  [
    'a deep hierarchy walked again and again',
    'limit',
    () => decide(new Array(1000).fill('A::"1" in A::"x"').join(' || '), {}, line(90_000)),
  ],
  [
    'a schema nested 3,000 deep',
    'limit',
    () => validateSchema(`entity A { a: ${'Set<'.repeat(3000)}Long${'>'.repeat(3000)} };`),
  ],
  [
    'common types that double thirty times',
    'limit',
    () => {
      const doubled = Array.from({ length: 30 }, (_, at) => `type T${at + 1} = { a: T${at}, b: T${at} };`)
      return validateSchema(`type T0 = { a: Long }; ${doubled.join(' ')} entity A { a: T30 };`)
    },
  ],
  ['a schema whose types do not resolve', 'schema', () => validateSchema('entity A { a: Nothing };')],
]

for (const [what, code, attack] of attacks) {
  test(`bounded: ${what} ends in a clear error`, { timeout: 20_000 }, () => {
    assert.throws(attack, (error) => error instanceof CedarError && error.code === code)
    // INVARIANT: whatever trapped the reference, the next policy finds a sound one.
    assert.equal(decide('"sound" like "s*"'), 'allow')
  })
}

test('bounded: a chain of 3,000 alternatives decides, and its JSON text loads again', () => {
  const policies = PolicySet.parse(when(Array.from({ length: 3000 }, (_, at) => `context.n == ${at}`).join(' || ')))
  const again = PolicySet.fromJson(policies.toJsonText())
  for (const set of [policies, again]) {
    assert.equal(set.authorize({ ...request, context: { n: 2999 } }, nothing).decision, 'allow')
    assert.equal(set.authorize({ ...request, context: { n: 3000 } }, nothing).decision, 'deny')
  }
})

test('bounded: no name reaches a prototype', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    assert.equal(decide(`context has "${name}" || {} has "${name}" || principal has "${name}"`), 'deny')
    assert.equal(PolicySet.parse(when('true')).annotations('policy0')?.[name], undefined)
    assert.equal(PolicySet.parse(when('true')).has(name), false)
  }
  const json = `{"staticPolicies":{"__proto__":${JSON.stringify(policyJson({ Value: true }).staticPolicies.deep)}}}`
  assert.deepEqual(PolicySet.fromJson(json).policyIds(), ['__proto__'])
  assert.throws(() => PolicySet.fromJson(policyJson({ constructor: [] })), CedarError)
  assert.equal(({} as { effect?: string }).effect, undefined)
})
