import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Gatehouse, LocalDecisions } from '@gatehouse/sdk'
import { acmeFiles } from '../../server/test/support/acme.ts'
import { applyAcme } from '../../server/test/support/acme-house.ts'
import { type Api, startApi } from '../../server/test/support/api.ts'
import { engines, scratchDatabase } from '../../server/test/support/engines.ts'
import { type House, inHouse, until } from './support/house.ts'

const line = (number: number, requestId: string) =>
  `${JSON.stringify({ number, atMs: 1, requestId, principal: { type: 'User', id: 'x' }, action: { type: 'Action', id: 'read' }, resource: { type: 'Document', id: 'y' }, outcome: 'allow', reasons: [], errors: [], bundle: 'b', tookMicros: 3 })}\n`

/** Policies and resources of acme are changed at one node; a replica decides by them that follows that node, or another one. */
async function changesWithinASecond(house: House, at: Api, local: LocalDecisions): Promise<number[]> {
  const { applicationId } = house
  const read = { subject: { type: 'user', id: 'bob' }, action: { name: 'read' } }
  const may = async (id: string) =>
    (await local.evaluate({ ...read, resource: { type: 'document', id } }, { requestId: 'nodes' })).decision
  const took: number[] = []
  const within = async (what: string, wanted: boolean, act: () => Promise<{ status: number; body: unknown }>) => {
    assert.equal(await may('plan'), !wanted, what)
    const done = await act()
    assert.ok(done.status < 300, JSON.stringify(done.body))
    took.push(await until(what, async () => (await may('plan')) === wanted, 1_000))
  }
  const put = (classification: string) =>
    at.call('POST', `/api/applications/${applicationId}/entities`, {
      put: [{ uid: { type: 'Document', id: 'plan' }, attrs: { title: 'plan', classification }, parents: [] }],
    })
  const grant = { applicationId, role: 'viewer', why: 'it', untilMs: Date.now() + 86_400_000 }
  const bob = { type: 'User', id: await house.idOf('users', 'bob') }
  assert.ok((await put('open')).status < 300)
  await within('a grant', true, () =>
    at.call('POST', '/api/grants', { ...grant, principal: bob, resource: { type: 'Document', id: 'plan' } }),
  )
  // The policies themselves: one more that forbids what the others permit.
  const files = acmeFiles()
  const path = 'documents/policies.cedar'
  files[path] += '\n@id("closed")\nforbid (principal, action, resource == Document::"plan");\n'
  const apply = async (wanted: Record<string, string>) => {
    const plan = await at.call('POST', '/api/configuration/plan', { files: wanted })
    return at.call('POST', '/api/configuration/apply', { files: wanted, fingerprint: plan.body.fingerprint })
  }
  await within('a policy', false, () => apply(files))
  await within('the policy gone again', true, () => apply(acmeFiles()))
  return took
}

async function follow(house: House, url: string, body: (local: LocalDecisions) => Promise<void>): Promise<void> {
  const client = { clientId: house.applicationId, clientSecret: house.secret }
  const onError = (error: unknown) => house.errors.push(error)
  const gatehouse = new Gatehouse({ url, application: house.applicationId, client, revocations: false, onError })
  const local = new LocalDecisions(gatehouse, { journal: { shipMs: 50 } })
  try {
    await local.ready()
    await body(local)
  } finally {
    await local.close()
    await gatehouse.close()
  }
}

for (const engine of engines)
  test(`a change of grants or policies reaches a replica within a second, its record the server [${engine}]`, () =>
    inHouse(async (house) => {
      await house.grantReplica()
      await follow(house, house.api.url, async (local) => {
        await changesWithinASecond(house, house.api, local)
        await until('all is shipped', () => local.measures().waiting === 0)
        // A replica that a slow machine left behind asks the server: not every question is its own.
        const record = await house.api.call('GET', '/api/decisions?requestId=nodes&limit=100')
        assert.ok(record.body.items.some(({ via }: { via: string }) => via === 'local'))
      })
      assert.deepEqual(house.errors, [])
    }, engine))

test(
  'a change at one node is decided upon at another, and at its replicas, within a second; a batch that comes to both is kept by one [postgres]',
  { skip: !engines.includes('postgres') && 'several nodes need PostgreSQL' },
  () =>
    inHouse(async (house) => {
      await house.grantReplica()
      const other = await startApi(house.scratch, {
        GATEHOUSE_DATA: join(house.scratch.directory, 'other'),
        GATEHOUSE_ROOT_KEY_FILE: join(house.scratch.directory, 'root.key'),
      })
      try {
        await follow(house, other.url, async (local) => {
          await changesWithinASecond(house, house.api, local)
        })
        // The other node itself, asked over HTTP, as of no write in particular.
        const client = { clientId: house.applicationId, clientSecret: house.secret }
        const at = (url: string) => new Gatehouse({ url, application: house.applicationId, client, revocations: false })
        const [here, there] = [at(house.api.url), at(other.url)]
        const question = {
          subject: { type: 'user', id: 'bob' },
          action: { name: 'read' },
          resource: { type: 'document', id: 'plan' },
        }
        assert.equal((await there.evaluate(question)).decision, true)
        const entities = `/api/applications/${house.applicationId}/entities`
        const closed = { title: 'plan', classification: 'confidential' }
        const put = [{ uid: { type: 'Document', id: 'plan' }, attrs: closed, parents: [] }]
        assert.ok((await house.api.call('POST', entities, { put })).status < 300)
        await until('the other node', async () => !(await there.evaluate(question)).decision, 1_000)

        // One batch at both nodes at once, and again at each: it lies in one journal.
        const batch = { stream: 'both-nodes', sequence: 1, previous: '', watermarkMs: 5, lines: line(1, 'twice') }
        const send = async (to: Gatehouse) => (await to.centre.send('/access/v1/journal', batch, {})).status
        const statuses = await Promise.all([send(here), send(there), send(here), send(there)])
        assert.ok(
          statuses.every((status) => status === 200 || status === 409),
          String(statuses),
        )
        assert.ok(statuses.includes(200))
        assert.deepEqual([await send(here), await send(there)], [200, 200])
        const kept = async (api: Api) => (await api.call('GET', '/api/decisions?requestId=twice')).body.items.length
        assert.equal((await kept(house.api)) + (await kept(other)), 1)

        // A node that died after its journal and before the note: no other takes the batch until it has come back.
        const second = { ...batch, sequence: 2, previous: hashOf('', line(1, 'twice')), lines: line(2, 'twice-2') }
        const { storage } = house.api
        const claim = { claimed_by: 'a node that is away', claimed_at: Date.now() }
        await storage.transact((tx) =>
          tx
            .updateTable('edge_journals')
            .set(claim)
            .where('stream', '=', 'both-nodes')
            .execute()
            .then(() => undefined),
        )
        const refused = await there.centre.send('/access/v1/journal', second, {})
        assert.equal(refused.status, 409)
        assert.equal(JSON.parse(refused.body).sequence, 1)
        assert.equal((await other.call('GET', '/api/decisions?requestId=twice-2')).body.items.length, 0)
        await storage.transact((tx) =>
          tx
            .updateTable('edge_journals')
            .set({ claimed_at: Date.now() - 3_600_001 })
            .where('stream', '=', 'both-nodes')
            .execute()
            .then(() => undefined),
        )
        assert.equal((await there.centre.send('/access/v1/journal', second, {})).status, 200)
      } finally {
        other.web.app.server.closeAllConnections()
        await other.close()
      }
    }, 'postgres'),
)

test('a cursor of a database that was restored from before it is of another history: everything is sent anew', async () => {
  const scratch = await scratchDatabase('sqlite')
  const { file } = scratch.address as { file: string }
  const saved = join(scratch.directory, 'saved.db')
  let api = await startApi(scratch)
  const stop = async () => {
    api.web.app.server.closeAllConnections()
    await api.close()
  }
  try {
    const { applicationId: application, secret: clientSecret } = await applyAcme(api)
    const uid = { type: 'Application', id: application }
    const granted = await api.call('POST', '/api/grants', { role: 'replica', principal: uid, resource: uid, why: 'it' })
    assert.equal(granted.status, 201, JSON.stringify(granted.body))
    const open = async (after?: string) => {
      const client = { clientId: application, clientSecret }
      const gatehouse = new Gatehouse({ url: api.url, application, client, revocations: false })
      const abort = new AbortController()
      const query = after === undefined ? '' : `?after=${after}`
      const answer = await gatehouse.openStream(`/access/v1/replica${query}`, abort.signal)
      let text = ''
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        text += Buffer.from(chunk).toString('utf8')
        if (text.includes('"kind":"ready"')) break
      }
      abort.abort()
      const lines = text
        .split('\n')
        .filter((one) => one.endsWith('}'))
        .map((one) => JSON.parse(one))
      const { cursor } = lines.find(({ kind }) => kind === 'ready')
      return { resumed: lines[0].resumed, bundles: lines.filter(({ kind }) => kind === 'bundle').length, cursor }
    }
    const rename = async (...names: string[]) => {
      for (const name of names)
        assert.equal((await api.call('PATCH', `/api/applications/${application}`, { name })).status, 200)
    }
    const restart = async (from?: string) => {
      await stop()
      if (from === undefined) copyFileSync(file, saved)
      else copyFileSync(from, file)
      api = await startApi(scratch)
    }
    await restart()
    await rename('lost-a', 'lost-b')
    const { cursor } = await open()
    const again = await open(cursor)
    assert.deepEqual([again.resumed, again.bundles], [true, 0])
    // Restored, and gone on otherwise, past the position of the cursor.
    await restart(saved)
    await rename('kept-a', 'kept-b', 'kept-c', 'kept-d')
    const other = await open(cursor)
    assert.deepEqual([other.resumed, other.bundles], [false, 1])
  } finally {
    await stop()
    await scratch.remove()
  }
})

function hashOf(previous: string, lines: string): string {
  return createHash('sha256').update(`${previous}\n${lines}`).digest('base64url')
}
