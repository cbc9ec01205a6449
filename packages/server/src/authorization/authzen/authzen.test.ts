import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { alice, archived, bob, inFixture as inPdp, read, record1, write } from '../../../test/support/pdp-fixture.ts'

onEachEngine('Basic: the eight decisions of the fixture, answered as {"decision"} and nothing else', (scratch) =>
  inPdp(scratch, async ({ post }) => {
    const soft = (value: boolean) => ({ name: 'delete', properties: { soft: value } })
    const admin = { ...bob, properties: { role: 'admin' } }
    const cases: [unknown, unknown, unknown, boolean][] = [
      [alice, read, record1, true],
      [alice, write, record1, true],
      [bob, read, record1, true],
      [bob, write, record1, false],
      [alice, write, archived, false],
      [admin, write, archived, true],
      [alice, soft(true), record1, true],
      [alice, soft(false), record1, false],
    ]
    for (const [subject, action, resource, decision] of cases) {
      const answered = await post('/access/v1/evaluation', { subject, action, resource })
      assert.equal(answered.status, 200)
      assert.deepEqual(answered.body, { decision }, JSON.stringify([subject, action, resource]))
    }
    const context = { time: '2025-06-27T18:03-07:00', ip: '192.168.1.1', nothing: null }
    const more = { subject: alice, action: read, resource: record1, context, foo: 'bar', futureField: { nested: true } }
    assert.deepEqual((await post('/access/v1/evaluation', more)).body, { decision: true })
  }),
)

onEachEngine(
  'every malformed request is 400 with its place; no token is 401; X-Request-ID comes back (§ error responses)',
  (scratch) =>
    inPdp(scratch, async ({ post }) => {
      const good = { subject: alice, action: read, resource: record1 }
      const bad: [unknown, RegExp][] = [
        [{ ...good, subject: undefined }, /subject/],
        [{ ...good, action: undefined }, /action/],
        [{ ...good, resource: undefined }, /resource/],
        [{ ...good, subject: { id: 'alice' } }, /subject\/type/],
        [{ ...good, subject: { type: 'user' } }, /subject\/id/],
        [{ ...good, action: {} }, /action\/name/],
        [{ ...good, resource: { id: 'r' } }, /resource\/type/],
        [{ ...good, resource: { type: 'r' } }, /resource\/id/],
        [{ ...good, subject: 'alice' }, /subject must be an object/],
        [{ ...good, action: { name: 123 } }, /action\/name must be a string/],
        [{ ...good, context: [] }, /context/],
        [{ ...good, context: { risk: 0.5 } }, /context\/risk.*floats/],
        [{ ...good, context: { risk: 2 ** 60 } }, /context\/risk/],
        ['{"subject"', /well-formed/],
        ['', /./],
        ['[]', /body must be an object/],
        ['null', /body must be an object/],
      ]
      for (const [body, says] of bad) {
        const answered = await post('/access/v1/evaluation', body, { 'x-request-id': 'abc-1' })
        assert.equal(answered.status, 400, JSON.stringify(body))
        assert.match(answered.body.detail, says)
        assert.equal(answered.headers['x-request-id'], 'abc-1')
      }
      const text = await post('/access/v1/evaluation', JSON.stringify(good), { 'content-type': 'text/plain' })
      assert.equal(text.status, 400)
      const anonymous = await post('/access/v1/evaluation', good, { 'x-test-actor': '' })
      assert.equal(anonymous.status, 401)
      assert.equal(anonymous.headers['www-authenticate'], 'Bearer')
      const unread = await post('/access/v1/evaluation', '{"subject"', { 'x-test-actor': '' })
      assert.equal(unread.status, 401, 'the body of somebody unknown is not even read')
      assert.equal(
        (await post('/access/v1/evaluation', good, { 'x-request-id': 'abc-2' })).headers['x-request-id'],
        'abc-2',
      )
      const unknown = {
        subject: { type: 'not a type', id: 'x' },
        action: { name: 'nope' },
        resource: { type: '?', id: '?' },
      }
      assert.deepEqual((await post('/access/v1/evaluation', unknown)).body, { decision: false })
    }),
)

onEachEngine('Batch: whole-object defaults, order, errors of one evaluation, and the three semantics', (scratch) =>
  inPdp(scratch, async ({ post }) => {
    const path = '/access/v1/evaluations'
    const decisions = async (body: unknown) => {
      const answered = await post(path, body)
      assert.equal(answered.status, 200)
      return answered.body.evaluations.map((one: { decision: boolean }) => one.decision)
    }
    const ofBob = { subject: bob, resource: record1, evaluations: [{ action: read }, { action: write }] }
    assert.deepEqual((await post(path, ofBob)).body, { evaluations: [{ decision: true }, { decision: false }] })
    const admin = { ...bob, properties: { role: 'admin' } }
    assert.deepEqual(
      await decisions({ action: write, resource: archived, evaluations: [{ subject: alice }, { subject: admin }] }),
      [false, true],
    )
    const merged = {
      subject: alice,
      action: write,
      resource: { type: 'record', properties: { status: 'archived' } },
      evaluations: [{ resource: { id: 'record-1', properties: { status: 'active' } } }, { resource: archived }, {}],
    }
    assert.deepEqual(await decisions(merged), [true, false, false])
    const broken = await post(path, { subject: alice, action: read, evaluations: [{ resource: record1 }, {}, 7] })
    assert.deepEqual(broken.body.evaluations[0], { decision: true })
    assert.equal(broken.body.evaluations[1].decision, false)
    assert.equal(broken.body.evaluations[1].context.error.status, 400)
    assert.equal(broken.body.evaluations[2].decision, false)
    for (const evaluations of [undefined, []])
      assert.deepEqual((await post(path, { subject: alice, action: read, resource: record1, evaluations })).body, {
        decision: true,
      })
    const semantic = (evaluations_semantic: string, actions: unknown[]) =>
      decisions({
        subject: bob,
        resource: record1,
        options: { evaluations_semantic },
        evaluations: actions.map((action) => ({ action })),
      })
    assert.deepEqual(await semantic('execute_all', [read, write, read]), [true, false, true])
    assert.deepEqual(await semantic('deny_on_first_deny', [read, write, read]), [true, false])
    assert.deepEqual(await semantic('permit_on_first_permit', [write, read, write]), [false, true])
    const odd = { ...ofBob, options: { evaluations_semantic: 'some' } }
    assert.equal((await post(path, odd)).status, 400)
    const many = { ...ofBob, evaluations: Array.from({ length: 1_001 }, () => ({ action: read })) }
    assert.equal((await post(path, many)).status, 400)
  }),
)

onEachEngine('a directory user is named by id, user name or e-mail; supplied properties never change her', (scratch) =>
  inPdp(scratch, async ({ house, post }) => {
    const carol = await house.user()
    const ask = async (id: string, properties?: object) =>
      (
        await post('/access/v1/evaluation', {
          subject: { type: 'colleague', id, properties },
          action: read,
          resource: record1,
        })
      ).body.decision
    assert.equal(await ask(carol.id), true)
    assert.equal(await ask(`${carol.id.toUpperCase()}@EXAMPLE.com`), true)
    assert.equal(await ask('nobody@example.com'), false)
    await house.user({ id: carol.id, active: false })
    assert.equal(await ask(carol.id), false)
    assert.equal(await ask(carol.id, { active: true }), false)
    assert.equal(await ask(`${carol.id}@example.com`), false)
    const stranger = await house.user({ organizationId: house.other })
    assert.equal(await ask(stranger.id), false)
    assert.equal(await ask(`${stranger.id}@example.com`), false)
  }),
)

onEachEngine('only who may decide gets an answer, and only who may know is told why', (scratch) =>
  inPdp(scratch, async ({ house, application, post }) => {
    const body = { subject: bob, action: write, resource: record1 }
    const user = await house.user()
    const asUser = { 'x-test-actor': `User ${user.id}`, 'gatehouse-application': application.id }
    assert.equal((await post('/access/v1/evaluation', body, asUser)).status, 403)
    assert.equal((await post('/access/v1/evaluation', body, { 'x-test-actor': `User ${user.id}` })).status, 400)
    const foreign = await house.application(house.other)
    const asForeign = { 'x-test-actor': `Application ${foreign.id}`, 'gatehouse-application': application.id }
    assert.equal((await post('/access/v1/evaluation', body, asForeign)).status, 403)

    const explained = await post('/access/v1/evaluation', { ...body, options: { explain: true } })
    assert.equal(explained.body.context.outcome, 'deny_default')
    const ofAlice = { subject: alice, action: write, resource: archived, options: { explain: true } }
    const forbidden = (await post('/access/v1/evaluation', ofAlice)).body.context
    assert.equal(forbidden.outcome, 'deny_policy')
    assert.deepEqual(forbidden.reasons, [{ id: 'archived', says: 'What is archived stays' }])
  }),
)

onEachEngine('every decision is in the journal with its request id, caller and reasons', (scratch) =>
  inPdp(scratch, async ({ house, application, post }) => {
    const body = { subject: alice, resource: record1, evaluations: [{ action: read }, { action: write }] }
    await post('/access/v1/evaluations', body, { 'x-request-id': 'trail-1' })
    const kept = await house.authorization.journal.find('trail-1')
    assert.deepEqual(
      kept.map((one) => [one.via, one.outcome, one.action.id, one.reasons]),
      [
        ['authzen', 'allow', 'read', ['read']],
        ['authzen', 'allow', 'write', ['alice-writes']],
      ],
    )
    assert.deepEqual(kept[0]?.caller, { type: 'application', id: application.id })
    assert.equal(kept[0]?.applicationId, application.id)
    const metrics = await house.meter.expose()
    assert.match(metrics, /authorization_decisions_total\{via="authzen",outcome="allow"\} 2/)
  }),
)

onEachEngine('a request that asks for a write of the future waits, then is 503 with Retry-After', (scratch) =>
  inPdp(scratch, async ({ house, post }) => {
    const { at } = await house.storage.write(async () => undefined)
    const body = { subject: alice, action: read, resource: record1 }
    assert.equal((await post('/access/v1/evaluation', body, { 'consistency-token': at })).status, 200)
    const future = `${at[0]}${Number(at.slice(1)) + 1_000_000}`
    const answered = await post('/access/v1/evaluation', body, { 'consistency-token': future })
    assert.equal(answered.status, 503)
    assert.equal(answered.headers['retry-after'], '1')
    assert.equal((await post('/access/v1/evaluation', body, { 'consistency-token': 'x' })).status, 400)
  }),
)
