import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { TestBundle } from '../../../test/support/authorization.ts'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { entity, inPdp, type Pdp } from '../../../test/support/pdp.ts'
import type { EntityUid } from '../entities/source.ts'

const bundle: TestBundle = {
  schema: `entity user { role?: String };
    entity Folder in [Folder, User];
    entity record in [Folder] { status?: String, "public"?: Bool };
    action read, write, "delete" appliesTo { principal: [user, User], resource: [record] };
    action share appliesTo { principal: [user, User], resource: [record], context: { status: String } };`,
  policies: `@id("read") permit (principal is user, action == Action::"read", resource is record);
    @id("alice-writes") permit (principal == user::"alice", action == Action::"write", resource is record);
    @id("admins-write") permit (principal is user, action == Action::"write", resource is record)
      when { principal has role && principal.role == "admin" };
    @id("archived") forbid (principal is user, action == Action::"write", resource is record)
      when { resource has status && resource.status == "archived" }
      unless { principal has role && principal.role == "admin" };
    @id("own-folder") permit (principal is User, action == Action::"read", resource is record) when { resource in principal };
    @id("public") permit (principal is User, action == Action::"read", resource is record) when { resource has public && resource.public };
    @id("viewer") permit (principal in ?principal, action == Action::"read", resource in ?resource);
    @id("barred") forbid (principal in ?principal, action, resource in ?resource);
    // Errs without the context that it needs.
    @id("strict") permit (principal is User, action == Action::"share", resource is record)
      when { resource has status && resource.status == context.status };`,
  manifest: { types: { person: 'User' }, suppliedAttributes: { user: ['role'], record: ['status'] } },
}

const inSearch = (scratch: Scratch, body: (pdp: Pdp) => Promise<void>) =>
  inPdp(scratch, bundle, async (pdp) => {
    const { type, id } = pdp.application
    await pdp.grant('searcher', { type, id }, { type, id }, 'builtin')
    await body(pdp)
  })

const fixture = [
  entity('user', 'alice'),
  entity('user', 'bob', { role: 'admin' }),
  entity('record', 'record-1', { status: 'active' }),
  entity('record', 'record-2', { status: 'archived' }),
]
const [alice, bob] = [
  { type: 'user', id: 'alice' },
  { type: 'user', id: 'bob' },
]
const record1 = { type: 'record', id: 'record-1' }
const record2 = { type: 'record', id: 'record-2', properties: { status: 'archived' } }
const read = { name: 'read' }
const write = { name: 'write' }
const at = '/access/v1/search/'

onEachEngine('Search: the fixture of the certification scenario (§ Search Core and Search Properties)', (scratch) =>
  inSearch(scratch, async ({ post, push }) => {
    await push(...fixture)
    const admin = { ...bob, properties: { role: 'admin' } }
    const cases: [string, object, unknown][] = [
      ['subject', { subject: { type: 'user' }, action: read, resource: record1 }, [alice, bob]],
      [
        'subject',
        { subject: { type: 'user', id: 'x' }, action: read, resource: record1, context: { a: 1 } },
        [alice, bob],
      ],
      ['subject', { subject: { type: 'user' }, action: write, resource: record2 }, [bob]],
      ['resource', { subject: alice, action: read, resource: { type: 'record' } }, ['record-1', 'record-2']],
      ['resource', { subject: alice, action: write, resource: { type: 'record', id: 'x' } }, ['record-1']],
      ['resource', { subject: admin, action: write, resource: { type: 'record' } }, ['record-1', 'record-2']],
      ['action', { subject: alice, resource: record1 }, [{ name: 'read' }, { name: 'write' }]],
      ['action', { subject: admin, resource: record2, context: { a: 1 } }, [{ name: 'read' }, { name: 'write' }]],
      [
        'action',
        { subject: { type: 'user', id: 'bob', properties: { role: 'none' } }, resource: record2 },
        [{ name: 'read' }],
      ],
      ['subject', { subject: { type: 'spaceship' }, action: read, resource: record1 }, []],
      ['subject', { subject: { type: 'not a type' }, action: read, resource: record1 }, []],
      ['resource', { subject: { type: 'no type', id: 'x' }, action: read, resource: { type: 'record' } }, []],
      ['resource', { subject: alice, action: { name: 'nope' }, resource: { type: 'record' } }, []],
      ['action', { subject: { type: 'User', id: 'nobody' }, resource: record1 }, []],
    ]
    for (const [kind, body, expected] of cases) {
      const answered = await post(at + kind, body)
      const records = (expected as unknown[]).map((one) =>
        typeof one === 'string' ? { type: 'record', id: one } : one,
      )
      assert.deepEqual([answered.status, answered.body], [200, { results: records }], JSON.stringify(body))
      assert.equal(answered.headers['content-type'], 'application/json; charset=utf-8')
      assert.equal(answered.headers['cache-control'], 'no-store')
    }
  }),
)

onEachEngine('Search: every malformed request is 400 with its place (§ Search Error Handling)', (scratch) =>
  inSearch(scratch, async ({ post }) => {
    const bad: [string, unknown, RegExp][] = [
      ['subject', { subject: { type: 'user' }, resource: record1 }, /body\/action is missing/],
      ['subject', { action: read, resource: record1 }, /body\/subject is missing/],
      ['subject', { subject: { type: 'user' }, action: read }, /body\/resource is missing/],
      ['subject', { subject: {}, action: read, resource: record1 }, /subject\/type is missing/],
      ['subject', { subject: { type: 'user' }, action: read, resource: { type: 'record' } }, /resource\/id is missing/],
      ['resource', { action: read, resource: { type: 'record' } }, /subject is missing/],
      ['resource', { subject: { type: 'user' }, action: read, resource: { type: 'record' } }, /subject\/id is missing/],
      ['resource', { subject: alice, action: read }, /resource is missing/],
      ['action', { subject: alice }, /resource is missing/],
      ['action', { subject: 'alice', resource: record1 }, /subject must be an object/],
      ['action', { subject: alice, resource: record1, context: { risk: 0.5 } }, /context\/risk/],
      ['action', { subject: alice, resource: record1, page: 7 }, /page must be an object/],
      ['action', { subject: alice, resource: record1, page: { limit: 0 } }, /page\/limit/],
      ['action', { subject: alice, resource: record1, page: { limit: '5' } }, /page\/limit/],
      ['action', { subject: alice, resource: record1, page: { token: 5 } }, /page\/token/],
      ['action', { subject: alice, resource: record1, page: { token: '' } }, /page\/token/],
      ['action', { subject: alice, resource: record1, page: { token: 'A'.repeat(60) } }, /page\/token/],
      ['action', '{"subject"', /well-formed/],
      ['action', '', /./],
    ]
    for (const [kind, body, says] of bad) {
      const answered = await post(at + kind, body, { 'x-request-id': 'search-1' })
      assert.equal(answered.status, 400, JSON.stringify(body))
      assert.match(answered.body.detail, says)
      assert.equal(answered.headers['x-request-id'], 'search-1')
    }
    const good = { subject: alice, resource: record1 }
    assert.equal((await post(`${at}action`, good, { 'content-type': 'text/plain' })).status, 400)
    assert.equal((await post(`${at}action`, good, { 'x-test-actor': '' })).status, 401)
  }),
)

onEachEngine('Search: a right of its own, on record; a page token is worth nothing to anybody else', (scratch) =>
  inSearch(scratch, async ({ house, application, post, push }) => {
    await push(...fixture)
    const body = { subject: { type: 'user' }, action: read, resource: record1 }
    const first = await post(`${at}subject`, { ...body, page: { limit: 1 } }, { 'x-request-id': 'page-1' })
    assert.deepEqual(first.body.results, [alice])
    assert.deepEqual(
      (await house.authorization.journal.find('page-1')).map(({ via, action, outcome }) => [via, action.id, outcome]),
      [['gate', 'searchAccess', 'allow']],
    )
    const token = first.body.page?.next_token as string
    assert.ok(!Buffer.from(token, 'base64url').includes('alice'))
    const reordered = { resource: record1, action: read, subject: { type: 'user' }, page: { token } }
    const second = await post(`${at}subject`, reordered)
    assert.deepEqual(second.body, { results: [bob], page: { next_token: '', count: 1 } })

    const user = await house.user()
    const asUser = { 'x-test-actor': `User ${user.id}`, 'gatehouse-application': application.id }
    assert.equal((await post(`${at}subject`, body, asUser)).status, 403)
    const grant = { role: 'searcher', principal: user, resource: application, why: 'reviews' }
    await post('/api/grants', grant, { 'x-test-actor': 'System test' })
    assert.equal((await post(`${at}subject`, body, asUser)).status, 200)
    const other = await house.application()
    const asOther = { 'x-test-actor': `Application ${other.id}` }
    assert.equal((await post(`${at}subject`, body, asOther)).status, 403, 'an application has not the right by itself')
    const page = { token }
    for (const [kind, search, as] of [
      ['subject', body, asUser],
      ['subject', { ...body, action: write }, {}],
      ['subject', { ...body, context: { a: 1 } }, {}],
      ['resource', { ...body, subject: alice, resource: { type: 'record' } }, {}],
    ] as const)
      assert.equal((await post(at + kind, { ...search, page }, as)).status, 400)
  }),
)

onEachEngine(
  'Search: pages through what decisions allow, neither more nor less, as all changes (property)',
  (scratch) =>
    inSearch(scratch, async ({ house, post, push, grant }) => {
      const groups = [await house.group(), await house.group(), await house.group([], house.other)]
      const users: EntityUid[] = []
      for (let at = 0; at < 8; at++)
        users.push(await house.user({ groups: at % 3 === 0 ? [] : [groups[at % 2] as EntityUid], active: at !== 5 }))
      const strangers = [
        await house.user({ organizationId: house.other, groups: [groups[2] as EntityUid] }),
        await house.user({ organizationId: house.other }),
      ]
      const folder = fc.integer({ min: 0, max: 4 }).map((n) => ({ type: 'Folder', id: `f${n}` }))
      const change = fc.record({
        record: fc.record({
          id: fc.integer({ min: 0, max: 9 }).map((n) => `r${n}`),
          status: fc.option(fc.constantFrom('active', 'archived'), { nil: undefined }),
          isPublic: fc.option(fc.boolean(), { nil: undefined }),
          parent: fc.option(folder, { nil: undefined }),
        }),
        // A folder lies in a person's, in a stranger's (which policies never see), or in nothing.
        home: fc.record({ folder, owner: fc.option(fc.constantFrom(...users, ...strangers), { nil: undefined }) }),
        grant: fc.option(
          fc.record({
            role: fc.constantFrom('viewer', 'viewer', 'barred'),
            principal: fc.constantFrom(...users, ...groups.slice(0, 2)),
            folder,
          }),
          { nil: undefined },
        ),
        context: fc.constantFrom<object>({}, { status: 'active' }),
        limit: fc.integer({ min: 1, max: 4 }),
      })
      let found = 0
      const property = fc.asyncProperty(change, async ({ record, home, grant: granted, context, limit }) => {
        const { status, isPublic, parent } = record
        const attrs = { ...(status !== undefined && { status }), ...(isPublic !== undefined && { public: isPublic }) }
        await push(
          entity('record', record.id, attrs, parent === undefined ? [] : [parent]),
          entity('Folder', home.folder.id, {}, home.owner === undefined ? [] : [home.owner]),
        )
        if (granted !== undefined) await grant(granted.role, granted.principal, granted.folder)
        const all = async (kind: string, body: object) => {
          const results: unknown[] = []
          let page: object = { limit }
          for (let turn = 0; turn < 50; turn++) {
            const answered = await post(at + kind, { ...body, page })
            assert.equal(answered.status, 200)
            assert.ok(answered.body.results.length <= limit)
            results.push(...answered.body.results)
            if (answered.body.page?.next_token === '') return results
            page = { limit, token: answered.body.page?.next_token }
          }
          throw new Error('the pages never end')
        }
        const allowed = async <T>(shared: object, of: readonly T[], evaluation: (one: T) => object) => {
          const answered = await post('/access/v1/evaluations', { context, ...shared, evaluations: of.map(evaluation) })
          return of.filter((_, at) => answered.body.evaluations[at]?.decision)
        }
        const people = [...users, ...strangers]
          .sort((a, b) => (a.id < b.id ? -1 : 1))
          .map(({ id }) => ({ type: 'person', id }))
        const records = Array.from({ length: 10 }, (_, n) => ({ type: 'record', id: `r${n}` }))
        const names = ['delete', 'read', 'share', 'write'].map((name) => ({ name }))
        for (const action of [read, { name: 'share' }]) {
          for (const subject of [people[0], people[4], people[9]]) {
            const shared = { subject, action }
            const expected = await allowed(shared, records, (resource) => ({ resource }))
            assert.deepEqual(await all('resource', { ...shared, resource: { type: 'record' }, context }), expected)
            found += expected.length
          }
          const resource = { type: 'record', id: record.id }
          const expected = await allowed({ resource, action }, people, (subject) => ({ subject }))
          assert.deepEqual(await all('subject', { subject: { type: 'person' }, action, resource, context }), expected)
          found += expected.length
        }
        const shared = { subject: people[1], resource: { type: 'record', id: record.id } }
        assert.deepEqual(
          await all('action', { ...shared, context }),
          await allowed(shared, names, (action) => ({ action })),
        )
      })
      await fc.assert(property, { numRuns: 40, interruptAfterTimeLimit: 8_000, endOnFailure: true })
      assert.ok(found > 30, `too little was found: ${found}`)
    }),
)
