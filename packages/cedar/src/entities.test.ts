import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actionEntities, CedarError, Entities, entityToJson, PolicySet, Schema } from './index.ts'

const g = (id: string) => ({ type: 'G', id })
const entity = (id: string, parents: string[] = [], attrs: object = {}) => ({
  uid: g(id),
  attrs,
  parents: parents.map(g),
})
const codeOf = (code: string) => (error: unknown) => error instanceof CedarError && error.code === code
const ancestors = (entities: Entities, id: string) =>
  entities
    .lineage('G', id)
    .list.map((uid) => uid.id)
    .sort()

test('fromJson: cycles are refused, of one entity and of several', () => {
  assert.throws(() => Entities.fromJson([entity('a', ['a'])]), codeOf('entities'))
  assert.throws(
    () => Entities.fromJson([entity('a', ['b']), entity('b', ['c']), entity('c', ['a'])]),
    codeOf('entities'),
  )
})

test('fromJson: identical duplicates are accepted, conflicting ones refused', () => {
  const entities = Entities.fromJson([
    entity('a', ['b', 'c'], { x: [1, 2] }),
    entity('a', ['c', 'b'], { x: [2, 1, 1] }),
  ])
  assert.equal(entities.size, 1)
  assert.throws(() => Entities.fromJson([entity('a', [], { x: 1 }), entity('a', [], { x: 2 })]), codeOf('entities'))
  assert.throws(() => Entities.fromJson([entity('a', ['b']), entity('a', ['c'])]), codeOf('entities'))
})

test('fromJson: null, floats, unsafe integers, duplicate keys and lone surrogates are refused with their place', () => {
  const text = (value: string) => `[{"uid":{"type":"G","id":"a"},\n"attrs":{"x":${value}},"parents":[]}]`
  for (const value of ['null', '1.5', '1e3', '9223372036854775808', '{"a":1,"a":2}', '"\\ud800"', '01'])
    assert.throws(
      () => Entities.fromJson(text(value)),
      (error) => error instanceof CedarError && error.line === 2,
      value,
    )
  for (const x of [null, 1.5, 2 ** 53, undefined, Symbol('x'), new Map()])
    assert.throws(() => Entities.fromJson([entity('a', [], { x })]), codeOf('json'))
})

test('fromJson: __proto__ is an attribute like any other', () => {
  const entities = Entities.fromJson('[{"uid":{"type":"G","id":"__proto__"},"attrs":{"__proto__":1},"parents":[]}]')
  const policies = PolicySet.parse('permit(principal, action, resource) when { principal["__proto__"] == 1 };')
  const request = { principal: g('__proto__'), action: { type: 'Action', id: 'constructor' }, resource: g('toString') }
  assert.equal(policies.authorize(request, entities).decision, 'allow')
  assert.equal(({} as { x?: number }).x, undefined)
})

test('set and delete: ancestors follow each change, and a cycle changes nothing', () => {
  const entities = Entities.fromJson([entity('a', ['b']), entity('b', ['c'])])
  assert.deepEqual(ancestors(entities, 'a'), ['b', 'c'])
  entities.set(entity('c', ['d']))
  assert.deepEqual(ancestors(entities, 'a'), ['b', 'c', 'd'])
  assert.throws(() => entities.set(entity('d', ['a'])), codeOf('entities'))
  assert.throws(() => entities.set(entity('d', ['d'])), codeOf('entities'))
  assert.deepEqual(ancestors(entities, 'd'), [])
  assert.equal(entities.delete(g('b')), true)
  assert.deepEqual(ancestors(entities, 'a'), ['b'])
  entities.set(entity('d', ['a']))
  assert.deepEqual(ancestors(entities, 'd'), ['a', 'b'])
  entities.set(entity('b', ['e', 'f']))
  assert.deepEqual(ancestors(entities, 'd'), ['a', 'b', 'e', 'f'])
})

test('fromStream: an array or lines, cut anywhere, load as the whole text would', async () => {
  const list = [entity('a', ['b'], { s: '}],[{"\\' }), entity('b', [], { n: 1 })]
  const array = JSON.stringify(list)
  const lines = list.map((item) => JSON.stringify(item)).join('\n')
  for (const text of [array, lines])
    for (let size = 1; size < 20; size++) {
      const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.slice(at * size, at * size + size),
      )
      const entities = await Entities.fromStream(chunks)
      assert.equal(entities.size, 2)
      assert.deepEqual(ancestors(entities, 'a'), ['b'])
    }
  await assert.rejects(Entities.fromStream([array.slice(0, -1)]), codeOf('json'))
  await assert.rejects(Entities.fromStream(['[{} {}]']), codeOf('json'))
})

const schema = `entity G in G { at?: datetime, ip?: ipaddr, to?: Set<G>, c?: Color };
entity Color enum ["red", "blue"];
action reads; action read in reads appliesTo { principal: G, resource: G, context: { when: datetime } };`

test('fromJson with a schema: types stand in for escapes, and what breaks them is refused', () => {
  const entities = Entities.fromJson(
    [entity('a', ['b'], { at: '2024-01-01', ip: '10.0.0.1', to: [g('x')], c: { type: 'Color', id: 'red' } })],
    schema,
  )
  const policies = PolicySet.parse(`permit(principal, action in Action::"reads", resource) when {
    principal.at == datetime("2024-01-01") && principal.ip.isInRange(ip("10.0.0.0/8")) && principal.to.contains(G::"x") };`)
  const request = { principal: g('a'), action: { type: 'Action', id: 'read' }, resource: g('b') }
  assert.equal(policies.authorize(request, entities).decision, 'allow')
  const bad: object[] = [{ at: 3 }, { ip: 'x' }, { extra: 1 }, { to: [1] }, { c: { type: 'Color', id: 'green' } }]
  for (const attrs of bad) assert.throws(() => Entities.fromJson([entity('a', [], attrs)], schema), CedarError)
  const color = { uid: { type: 'Color', id: 'green' }, attrs: {}, parents: [] }
  assert.throws(() => Entities.fromJson([color], schema), codeOf('schema'))
  assert.throws(() => Entities.fromJson([{ ...color, uid: { type: 'None', id: 'x' } }], schema), codeOf('schema'))
})

test('Schema.request: a request that breaks the schema is refused, one that fits is read by it', () => {
  const known = Schema.parse(schema)
  const request = { principal: g('a'), action: { type: 'Action', id: 'read' }, resource: g('b') }
  const policies = PolicySet.parse(
    'permit(principal, action, resource) when { context.when == datetime("2024-01-01") };',
  )
  const good = known.request({ ...request, context: { when: '2024-01-01' } })
  assert.equal(policies.authorize(good, Entities.fromJson([])).decision, 'allow')
  assert.throws(() => known.request({ ...request, context: {} }), codeOf('schema'))
  assert.throws(() => known.request({ ...request, resource: { type: 'Color', id: 'red' } }), codeOf('schema'))
  assert.throws(() => known.request({ ...request, action: { type: 'Action', id: 'none' } }), codeOf('schema'))
})

test('actionEntities: groups are the parents of their actions', () => {
  const read = actionEntities(schema).find((action) => action.id === 'read')
  assert.deepEqual(
    read?.parents.map((uid) => uid.id),
    ['reads'],
  )
})

test('fromStream: reads and refuses exactly what fromJson does, wherever the chunks are cut', async () => {
  const whole = (attrs: string) =>
    `[{"uid":{"type":"G","id":"a"},"attrs":${attrs},"parents":[]},{"uid":{"type":"G","id":"b"},"attrs":{},"parents":[]}]`
  const good = [
    '{"n":9007199254740993}',
    '{"n":-9223372036854775808}',
    '{"e":"1.5e3"}',
    '{"s":"\\u00e9\\""}',
    '{"__proto__":{"n":1}}',
  ]
  const bad = [
    '{"n":1.0}',
    '{"n":1e3}',
    '{"n":1E3}',
    '{"n":null}',
    '{"a":1,"a":1}',
    '{"a":{"b":1,"b":2}}',
    '{"n":9223372036854775808}',
    '{"s":"\\ud800"}',
    '{"a":01}',
    '{"a":1,}',
    '{"a":]}',
  ]
  const streamed = (text: string, size: number) =>
    Entities.fromStream(
      Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, at * size + size)),
    )
  for (const size of [1, 7, 50, 1000]) {
    for (const attrs of good) {
      const [one, other] = [await streamed(whole(attrs), size), Entities.fromJson(whole(attrs))]
      assert.deepEqual([...one].map(entityToJson), [...other].map(entityToJson), attrs)
    }
    for (const attrs of bad) {
      assert.throws(() => Entities.fromJson(whole(attrs)), CedarError, attrs)
      await assert.rejects(streamed(whole(attrs), size), CedarError, attrs)
    }
  }
})
