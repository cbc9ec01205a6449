import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type GatehouseError, LocalDecisions, type LocalDecisionsOptions } from '@gatehouse/sdk'
import type { EngineName } from '../../server/src/storage/index.ts'
import { engines } from '../../server/test/support/engines.ts'
import { type House, inHouse, until } from './support/house.ts'

interface Local {
  readonly house: House
  readonly local: LocalDecisions
  /** `true`, `false`, or the code of what was thrown. */
  may(who: string, action: string, what: string): Promise<boolean | string>
  /** Cuts what is streamed after so many bytes of each connection, once set. */
  cutAfter: number | undefined
}

const inLocal = (
  body: (it: Local) => Promise<void>,
  options: LocalDecisionsOptions = {},
  engine: EngineName = 'sqlite',
) =>
  inHouse(async (house) => {
    await house.grantReplica()
    const it = { cutAfter: undefined as number | undefined }
    const gatehouse = house.gatehouse({
      calls: { fetch: async (input, init) => cutting(await fetch(input, init), String(input), it) },
    })
    const local = new LocalDecisions(gatehouse, { journal: { shipMs: 50 }, ...options })
    try {
      await local.ready()
      const may = (who: string, name: string, id: string) =>
        local
          .evaluate({ subject: { type: 'user', id: who }, action: { name }, resource: { type: 'document', id } })
          .then(
            ({ decision }) => decision,
            (error: GatehouseError) => error.code,
          )
      await body(Object.assign(it, { house, local, may }))
    } finally {
      await local.close()
    }
  }, engine)

function cutting(response: Response, url: string, it: { cutAfter: number | undefined }): Response {
  if (!url.includes('/replica') || response.body === null) return response
  let seen = 0
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      if (it.cutAfter === undefined) return controller.enqueue(chunk)
      const left = it.cutAfter - seen
      seen += chunk.length
      if (chunk.length <= left) return controller.enqueue(chunk)
      controller.enqueue(chunk.subarray(0, Math.max(0, left)))
      controller.terminate()
    },
  })
  return new Response(response.body.pipeThrough(cut), { status: response.status })
}

test('a replica decides as the centre does: people by name, groups, grants, tags, unknown ones', () =>
  inLocal(async ({ house, local }) => {
    const people = ['alice', 'bob', 'carol', 'dana', 'erin', 'alice@acme.example', 'mallory']
    const documents = ['welcome', 'budget', 'secret', 'handbook', 'none']
    const evaluations = people.flatMap((who) =>
      documents.flatMap((id) =>
        ['read', 'write', 'paint'].map((name) => ({
          subject: { type: 'user', id: who },
          action: { name },
          resource: { type: 'document', id },
        })),
      ),
    )
    const here = await local.evaluateAll(evaluations)
    assert.deepEqual(new Set(here.map(({ by }) => by)), new Set(['local']))
    const centre = house.gatehouse({ revocations: false })
    const there = await centre.centre.evaluateAll(evaluations)
    assert.deepEqual(
      here.map(({ decision }) => decision),
      there.map(({ decision }) => decision),
    )
    assert.ok(here.some(({ decision }) => decision) && here.some(({ decision }) => !decision))
  }))

test('without the role `replica` an application gets no replica, and none of another', () =>
  inHouse(async (house) => {
    const gatehouse = house.gatehouse({ revocations: false })
    const signal = AbortSignal.timeout(5_000)
    const refused = await gatehouse.openStream('/access/v1/replica', signal)
    assert.equal(refused.status, 403)
    assert.equal(((await refused.json()) as { code: string }).code, 'authorization.denied')
    const batch = { stream: 'stream-1', sequence: 1, previous: '', watermarkMs: 1, lines: '' }
    assert.equal((await gatehouse.centre.send('/access/v1/journal', batch, {})).status, 403)
  }))

test('changes of people, grants, resources and policies are decided upon within a second', () =>
  inLocal(async ({ house, local, may }) => {
    const { api, applicationId } = house
    const change = async (
      what: string,
      wanted: boolean,
      question: [string, string, string],
      act: () => Promise<unknown>,
    ) => {
      assert.equal(await may(...question), !wanted, what)
      await act()
      const took = await until(what, async () => (await may(...question)) === wanted)
      assert.ok(took < 1_000, `${what}: ${took} ms`)
    }
    const bob = { type: 'User', id: await house.idOf('users', 'bob') }
    const put = (id: string, classification: string) =>
      api.call('POST', `/api/applications/${applicationId}/entities`, {
        put: [{ uid: { type: 'Document', id }, attrs: { title: id, classification }, parents: [] }],
      })
    await put('plan', 'open')
    let grant = ''
    await change('a grant', true, ['bob', 'write', 'plan'], async () => {
      const resource = { type: 'Document', id: 'plan' }
      const made = await api.call('POST', '/api/grants', {
        applicationId,
        role: 'editor',
        principal: bob,
        resource,
        why: 'it',
        untilMs: Date.now() + 86_400_000,
      })
      assert.equal(made.status, 201, JSON.stringify(made.body))
      grant = made.body.id
    })
    await change('a resource', false, ['bob', 'write', 'plan'], () => put('plan', 'confidential'))
    await change('a resource again', true, ['bob', 'write', 'plan'], () => put('plan', 'open'))
    await change('a suspension', false, ['bob', 'write', 'plan'], () =>
      api.call('POST', `/api/users/${bob.id}/suspend`, {}),
    )
    await change('an activation', true, ['bob', 'write', 'plan'], () =>
      api.call('POST', `/api/users/${bob.id}/activate`, {}),
    )
    await change('a revocation', false, ['bob', 'write', 'plan'], () => api.call('DELETE', `/api/grants/${grant}`))
    assert.ok(local.stalenessMs < 2_000)
    assert.deepEqual(house.errors, [])
  }))

for (const engine of engines)
  test(`a stream cut anywhere, in the middle of a change too, catches up by its cursor and misses nothing [${engine}]`, () =>
    inLocal(
      async (it) => {
        const { house, local, may } = it
        const { api, applicationId } = house
        const uid = { type: 'Document', id: 'cut' }
        for (const [turn, bytes] of [200, 900, 2_000, 3_000].entries()) {
          it.cutAfter = bytes
          for (let n = 0; n < 12; n++) {
            const put = [
              {
                uid,
                attrs: {
                  title: 'x'.repeat(n * 50),
                  classification: n % 2 ? 'open' : 'internal',
                  owner: { __entity: { type: 'User', id: await house.idOf('users', turn % 2 ? 'alice' : 'bob') } },
                },
                parents: [],
              },
            ]
            assert.equal((await api.call('POST', `/api/applications/${applicationId}/entities`, { put })).status, 200)
          }
          await new Promise((resolve) => setTimeout(resolve, 300))
          it.cutAfter = undefined
          const [owner, other] = turn % 2 ? ['alice', 'bob'] : ['bob', 'alice']
          await until('the last change', async () => (await may(owner as string, 'write', 'cut')) === true, 8_000)
          assert.equal(await may(other as string, 'write', 'cut'), false)
        }
        assert.ok(local.measures().connections > 4, String(local.measures().connections))
      },
      {},
      engine,
    ))

for (const engine of engines)
  test(`decisions come into the record once each, in order, with their stream; batches are chained and repeat harmlessly [${engine}]`, () =>
    inLocal(
      async ({ house, local, may }) => {
        for (let n = 0; n < 20; n++) await may('alice', 'read', `d${n}`)
        await until('all are shipped', () => local.measures().waiting === 0)
        const { body } = await house.api.call('GET', '/api/decisions?limit=200')
        const edge = body.items
          .filter((one: { via: string }) => one.via === 'local')
          .map((one: { edge: object }) => one.edge)
        assert.equal(edge.length, 20)
        assert.deepEqual(
          edge.map(({ number }: { number: number }) => number).sort((a: number, b: number) => a - b),
          Array.from({ length: 20 }, (_, n) => n + 1),
        )
        const gatehouse = house.gatehouse({ revocations: false })
        const line = (number: number) =>
          `${JSON.stringify({ number, atMs: 1, requestId: 'by-hand', principal: { type: 'User', id: 'x' }, action: { type: 'Action', id: 'read' }, resource: { type: 'Document', id: 'y' }, outcome: 'allow', reasons: [], errors: [], bundle: 'b', tookMicros: 3 })}\n`
        const send = async (batch: object) => {
          const answer = await gatehouse.centre.send(
            '/access/v1/journal',
            { stream: 'by-hand-1', watermarkMs: 5, ...batch },
            {},
          )
          return { status: answer.status, body: JSON.parse(answer.body) }
        }
        const first = { sequence: 1, previous: '', lines: line(1) + line(2) }
        const [one, same] = await Promise.all([send(first), send(first)])
        assert.equal(one.status, 200, JSON.stringify(one.body))
        assert.deepEqual(same, one)
        assert.deepEqual(await send(first), one)
        const gap = await send({ sequence: 3, previous: one.body.hash, lines: line(3) })
        assert.deepEqual([gap.status, gap.body.code, gap.body.sequence], [409, 'authorization.stream_gap', 1])
        assert.equal((await send({ sequence: 2, previous: 'x'.repeat(43), lines: line(3) })).status, 409)
        for (const bad of ['{"number":3}\n', line(4), 'x\n', line(3).replace('"allow"', '"maybe"')])
          assert.equal((await send({ sequence: 2, previous: one.body.hash, lines: bad })).status, 422, bad)
        assert.equal((await send({ sequence: 2, previous: one.body.hash, lines: line(3) })).status, 200)
        const kept = async () => (await house.api.call('GET', '/api/decisions?requestId=by-hand')).body.items.length
        assert.equal(await kept(), 3)
        // A node that died between keeping some of a batch and noting it: the rest is kept when it comes again, what was kept is not.
        const before = { sequence: 1, hash: one.body.hash, next_number: 3 }
        const begun = { claimed_by: house.api.authorization.journal.node, claimed_at: Date.now() }
        await house.api.storage.transact(async (tx) => {
          await tx
            .updateTable('edge_journals')
            .set({ ...before, ...begun })
            .where('stream', '=', 'by-hand-1')
            .execute()
        })
        const whole = { sequence: 2, previous: one.body.hash, lines: line(3) + line(4) }
        assert.equal((await send(whole)).status, 200)
        assert.equal(await kept(), 4)
        // Nothing is kept of a batch whose last line is none, however long it is.
        const { hash } = (await send(whole)).body
        const many = Array.from({ length: 1_000 }, (_, at) => line(at + 5)).join('')
        assert.equal((await send({ sequence: 3, previous: hash, lines: `${many}{}\n` })).status, 422)
        assert.equal(await kept(), 4)
        assert.equal((await send({ sequence: 3, previous: hash, lines: many })).status, 200)
        assert.equal(await kept(), 1_004)
      },
      {},
      engine,
    ))

test('beyond its bound a kind of decision is asked at the centre, or refused at once', () =>
  inLocal(
    async (it) => {
      const { local, may, house } = it
      assert.equal(await may('alice', 'write', 'budget'), await may('alice', 'write', 'budget'))
      assert.equal(local.measures().fallbacks.bound, 2)
      const { allow, deny, failed } = local.measures().fallbackOutcomes
      assert.deepEqual([allow + deny, failed], [2, 0])
      const subject = { type: 'user', id: 'alice' }
      const read = { subject, action: { name: 'read' }, resource: { type: 'document', id: 'welcome' } }
      assert.equal((await local.evaluate(read)).by, 'local')
      const { headers } = await house.api.call('POST', `/api/users/${await house.idOf('users', 'carol')}/suspend`, {})
      const atLeast = headers.get('consistency-token') as string
      assert.equal((await local.evaluate(read, { atLeast })).by, 'centre')
      it.cutAfter = 0
      await until('it is old', () => local.stalenessMs > 1_600, 8_000)
      assert.equal((await local.evaluate(read)).by, 'centre')
      assert.equal(local.measures().fallbacks.stale, 1)
      assert.equal(await may('alice', 'paint', 'welcome'), 'replica.stale')
      assert.equal(local.measures().refused, 1)
    },
    {
      bounds: {
        default: { mostStaleMs: 1_500, beyond: 'ask' },
        actions: { write: 'ask', paint: { mostStaleMs: 1_500, beyond: 'deny' } },
      },
    },
  ))

test('what an earlier process left is shipped, a torn last line is cut off; a full journal decides nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-spool-'))
  const line = `${JSON.stringify({ number: 1, atMs: 1, requestId: 'left-over', principal: { type: 'User', id: 'x' }, action: { type: 'Action', id: 'read' }, resource: { type: 'Document', id: 'y' }, outcome: 'allow', reasons: [], errors: [], bundle: 'b', tookMicros: 3 })}\n`
  writeFileSync(join(directory, 'an-earlier-process.0000000001..ndjson'), `${line}{"number":2,"at`)
  try {
    await inLocal(
      async ({ house, local, may }) => {
        await until('it is shipped', async () => {
          const { body } = await house.api.call('GET', '/api/decisions?requestId=left-over')
          return body.items.length === 1
        })
        await until('nothing waits', () => local.measures().waiting === 0)
        const results = await Promise.all(['a', 'b', 'c'].map((id) => may('alice', 'read', id)))
        assert.deepEqual(results, [false, false, 'journal.full'])
      },
      { journal: { directory, shipMs: 50, waitingMost: 2 } },
    )
    assert.ok(existsSync(directory))
    assert.deepEqual(readdirSync(directory), [])
  } finally {
    rmSync(directory, { recursive: true })
  }
})
