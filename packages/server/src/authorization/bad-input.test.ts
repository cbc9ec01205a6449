import assert from 'node:assert/strict'
import { isFault } from '#kernel'
import { systemAct, type TestBundle } from '../../test/support/authorization.ts'
import { onEachEngine, type Scratch } from '../../test/support/engines.ts'
import { type Answer, entity, inPdp, type Pdp } from '../../test/support/pdp.ts'
import { changeResources } from './resources/change-resources.ts'

const hourMs = 3_600_000
const bundle: TestBundle = {
  schema: `entity user; entity folder in [folder]; entity record in [folder] { level: Long };
    action read appliesTo { principal: [user, User], resource: [record] };`,
  policies: `@id("viewer") permit (principal in ?principal, action == Action::"read", resource in ?resource);
    @id("helper") permit (principal in ?principal, action == Action::"read", resource in ?resource);
    @id("chief") @grantable("viewer") permit (principal in ?principal, action == Action::"read", resource in ?resource);`,
  manifest: {
    roles: {
      viewer: { end: 'optional' },
      helper: { end: 'required', longestMs: 8 * hourMs },
      chief: { end: 'optional' },
    },
  },
}
const ann = { type: 'user', id: 'ann' }
const folder = { type: 'folder', id: 'f' }
const asSystem = { 'x-test-actor': 'System test' }

const inBad = (
  scratch: Scratch,
  body: (pdp: Pdp & { grantIt(change: object, as?: object): Promise<Answer> }) => Promise<void>,
) =>
  inPdp(scratch, bundle, (pdp) => {
    const good = { applicationId: pdp.application.id, role: 'viewer', principal: ann, resource: folder, why: 'test' }
    const grantIt = (change: object, as: object = asSystem) =>
      pdp.post('/api/grants', { ...good, ...change }, as as Record<string, string>)
    return body({ ...pdp, grantIt })
  })
const told = ({ status, body }: Answer) => [status, body.code]
const grantsOf = async ({ get, application }: Pdp) =>
  (await get(`/api/grants?applicationId=${application.id}`, asSystem)).body.items.length

onEachEngine('a grant of a role that the bundle has no template of is 422, and nothing is granted', (scratch) =>
  inBad(scratch, async (pdp) => {
    for (const role of ['emperor', 'owner']) assert.equal((await pdp.grantIt({ role })).status, 422, role)
    assert.deepEqual(told(await pdp.grantIt({ role: 'emperor' })), [422, 'authorization.role_unknown'])
    assert.equal(await grantsOf(pdp), 0)
  }),
)

onEachEngine('a grant without an end, where its role demands one, or of more than the longest, is 422', (scratch) =>
  inBad(scratch, async (pdp) => {
    const nowMs = pdp.house.clock.nowMs()
    assert.deepEqual(told(await pdp.grantIt({ role: 'helper' })), [422, 'authorization.grant_end_required'])
    const long = { role: 'helper', untilMs: nowMs + 8 * hourMs + 1 }
    assert.deepEqual(told(await pdp.grantIt(long)), [422, 'authorization.grant_too_long'])
    assert.equal(await grantsOf(pdp), 0)
    assert.equal((await pdp.grantIt({ role: 'helper', untilMs: nowMs + 8 * hourMs })).status, 201)
  }),
)

onEachEngine("a grant wider than the granter's own, in role, scope or time, is 403 and nothing is granted", (scratch) =>
  inBad(scratch, async (pdp) => {
    const { house, grantIt } = pdp
    const chief = await house.user()
    const untilMs = house.clock.nowMs() + hourMs
    const made = await grantIt({ role: 'chief', principal: chief, untilMs })
    assert.equal(made.status, 201)
    const as = { 'x-test-actor': `User ${chief.id}`, 'consistency-token': String(made.headers['consistency-token']) }
    assert.deepEqual(told(await grantIt({ untilMs, resource: { type: 'folder', id: 'other' } }, as)), [
      403,
      'authorization.denied',
    ])
    assert.deepEqual(told(await grantIt({ untilMs: untilMs + 1 }, as)), [403, 'authorization.grant_too_wide'])
    assert.deepEqual(told(await grantIt({ role: 'chief', untilMs }, as)), [403, 'authorization.denied'])
    assert.equal(await grantsOf(pdp), 1)
    assert.equal((await grantIt({ untilMs }, as)).status, 201, 'and what is not wider is granted')
  }),
)

onEachEngine('a change of resources beyond the quota is refused whole; below it again, all goes on', (scratch) =>
  inBad(scratch, async ({ house, application, push, get }) => {
    await push(entity('record', 'r1', { level: 1 }), entity('record', 'r2', { level: 1 }))
    const deps = { ...house.authorization, resourceQuota: 3 }
    const id = application.id as Parameters<typeof changeResources>[2]
    const change = (put: string[], gone: string[] = []) =>
      changeResources(deps, systemAct, id, {
        put: put.map((one) => entity('record', one, { level: 1 })),
        delete: gone.map((one) => ({ type: 'record', id: one })),
      })
    await assert.rejects(change(['r3', 'r4']), (error) => isFault(error, 'authorization.quota'))
    const all = async () =>
      (await get(`/api/applications/${application.id}/entities`)).body.items.map(
        ({ uid }: { uid: { id: string } }) => uid.id,
      )
    assert.deepEqual(await all(), ['r1', 'r2'])
    assert.equal((await change(['r3'])).value.total, 3)
    assert.equal((await change(['r1'])).value.total, 3, 'replacing counts nothing')
    assert.equal((await change(['r4', 'r5'], ['r1', 'r2'])).value.total, 3)
    assert.deepEqual(await all(), ['r3', 'r4', 'r5'])
  }),
)

onEachEngine('resources that break the schema are 422 with their place, and the old ones stay', (scratch) =>
  inBad(scratch, async ({ application, post, push, get }) => {
    const url = `/api/applications/${application.id}/entities`
    await push(entity('record', 'r1', { level: 1 }))
    const bad: object[] = [
      entity('record', 'r1', { level: 'high' }),
      entity('record', 'r1', {}),
      entity('record', 'r1', { level: 1, colour: 'red' }),
      entity('spaceship', 'x', {}),
      entity('User', 'x', {}),
      entity('record', 'r1', { level: 1 }, [ann]),
    ]
    for (const one of bad) {
      const answered = await post(url, { put: [entity('record', 'new', { level: 1 }), one] })
      assert.deepEqual(
        [answered.status, answered.body.code, answered.body.errors[0].pointer],
        [422, 'authorization.entity_invalid', '/body/put/1'],
      )
    }
    const stored = (await get(url)).body.items
    assert.deepEqual(
      stored.map(({ uid, attrs }: { uid: object; attrs: object }) => [uid, attrs]),
      [[{ type: 'record', id: 'r1' }, { level: 1 }]],
    )
  }),
)

onEachEngine('unknown types, ids and actions are denials, never errors; an unknown application is told', (scratch) =>
  inBad(scratch, async ({ post, push }) => {
    await push(entity('record', 'r1', { level: 1 }))
    const good = { subject: ann, action: { name: 'read' }, resource: { type: 'record', id: 'r1' } }
    for (const change of [
      { subject: { type: 'spaceship', id: 'x' } },
      { subject: { type: 'not a type', id: 'x' } },
      { subject: { type: 'User', id: 'user_nobody' } },
      { subject: { type: 'Gatehouse::System', id: 'gatehouse' } },
      { action: { name: 'fly' } },
      { resource: { type: 'record', id: 'nothing' } },
      { resource: { type: '__proto__', id: 'constructor' } },
      { resource: { type: 'record', id: '\u0000' } },
    ]) {
      const answered = await post('/access/v1/evaluation', { ...good, ...change })
      assert.deepEqual([answered.status, answered.body], [200, { decision: false }], JSON.stringify(change))
    }
    const named = (id: string) => post('/access/v1/evaluation', good, { ...asSystem, 'gatehouse-application': id })
    assert.equal((await named('app_01h455vb4pex5vsknk084sn02q')).status, 404)
    assert.equal((await named('nothing')).status, 400)
  }),
)

onEachEngine(
  '`atLeast` of the future waits to its limit, then is 503 with Retry-After, for searches and plans as for decisions',
  (scratch) =>
    inBad(scratch, async ({ house, application, grant, post }) => {
      await grant('searcher', application, application, 'builtin')
      const { at } = await house.storage.write(async () => undefined)
      const future = `${at[0]}${Number(at.slice(1)) + 1_000_000}`
      const body = { subject: ann, action: { name: 'read' }, resource: { type: 'record', id: 'r1' } }
      const answers = await Promise.all(
        ['evaluation', 'evaluations', 'search/resource', 'plan'].map((path) =>
          post(`/access/v1/${path}`, body, { 'consistency-token': future }),
        ),
      )
      for (const answered of answers) assert.deepEqual([answered.status, answered.headers['retry-after']], [503, '1'])
      assert.equal((await post('/access/v1/plan', body, { 'consistency-token': at })).status, 200)
      assert.equal((await post('/access/v1/plan', body, { 'consistency-token': 'tomorrow' })).status, 400)
    }),
)
