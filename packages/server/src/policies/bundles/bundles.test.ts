import assert from 'node:assert/strict'
import { addGrant, createGrant, deployment, type GrantInput } from '#authorization'
import { createApplication, findOrganizationByName, type Organization } from '#directory'
import { listEvents } from '#feed'
import { type Act, type ApplicationId, isFault, systemClock, systemEntropy, type UserId } from '#kernel'
import { acmeBundle } from '../../../test/support/acme.ts'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { numberAllEvents } from '../../../test/support/number-events.ts'
import { localAdministrator, makeUser } from '../../../test/support/people.ts'
import { startTestServer, type TestServer } from '../../../test/support/server.ts'
import type { PoliciesDeps } from '../deps.ts'
import { activateBundle } from './activate-bundle.ts'
import { applyBundle, rollBackBundle, validateBundle } from './apply-bundle.ts'
import {
  activationsKept,
  findActivation,
  findBundle,
  insertBundle,
  listActivations,
  loadActive,
  loadAllActive,
} from './bundle.store.ts'
import { type CheckedBundle, checkBundle } from './check-bundle.ts'

const act: Act = { actor: { type: 'system', name: 'test' }, requestId: 'req-test' }

interface House {
  server: TestServer
  deps: PoliciesDeps
  application: { id: ApplicationId; organizationId: Organization['id'] }
}

async function inHouse(scratch: Scratch, body: (house: House) => Promise<void>): Promise<void> {
  const server = await startTestServer(scratch)
  try {
    const { storage, authorization } = server
    const { gate, snapshot } = authorization
    const deps = { storage, clock: systemClock, entropy: systemEntropy, gate, snapshot }
    const home = (await findOrganizationByName(storage.db, 'home')) as Organization
    const { value } = await createApplication(deps, act, home.id, { name: 'documents', kind: 'web' })
    await body({ server, deps, application: value })
  } finally {
    await server.close()
  }
}

const small = (policies: string) => ({
  'schema.cedarschema': `entity Document;
action read appliesTo { principal: [User], resource: [Document] };
`,
  'policies.cedar': policies,
})
const permit = (id: string) => `@id("${id}") permit (principal, action, resource);\n`
const viewer = '@id("viewer") permit (principal in ?principal, action, resource in ?resource);\n'
const fails = (code: string) => (error: unknown) => isFault(error, code)

onEachEngine('a bundle is stored by its hash, put in force by an event, and read back for the snapshot', (scratch) =>
  inHouse(scratch, async ({ deps, application, server }) => {
    const { db } = deps.storage
    assert.equal(await loadActive(db, application.id), undefined)
    const { value } = await applyBundle(deps, act, application.id, acmeBundle(), { comment: 'first' })
    assert.deepEqual([value.activation.number, value.activation.kind, value.check.tests.length], [1, 'apply', 7])
    const { hash } = value.activation
    const active = await loadActive(db, application.id)
    assert.equal(active?.hash, hash)
    assert.deepEqual(active?.manifest.userNames, ['id', 'username', 'email'])
    assert.equal(JSON.parse(active?.actionEntities ?? '').length, 2)
    const all = []
    for await (const bundle of loadAllActive(db)) all.push(bundle)
    assert.deepEqual(all, [active])
    assert.deepEqual((await findBundle(db, application, hash))?.files, acmeBundle())
    await numberAllEvents(server.storage)
    const events = await listEvents(db, 0, 100, { objectId: application.id, type: 'policies.bundle_activated' })
    assert.deepEqual(
      events.map(({ revision, data, touches }) => ({ revision, data, touches })),
      [
        {
          revision: 1,
          data: { hash, kind: 'apply', comment: 'first' },
          touches: [{ type: 'Bundle', id: application.id, name: 'documents' }],
        },
      ],
    )
  }),
)

onEachEngine('applying what is in force already changes nothing and records nothing', (scratch) =>
  inHouse(scratch, async ({ deps, application }) => {
    const first = await applyBundle(deps, act, application.id, small(permit('a')))
    const again = await applyBundle(deps, act, application.id, small(permit('a')))
    assert.deepEqual(again.value.activation, first.value.activation)
    assert.equal((await listActivations(deps.storage.db, application, 99, 99)).length, 1)
  }),
)

onEachEngine('a bundle that does not validate is refused whole, and the old one stays', (scratch) =>
  inHouse(scratch, async ({ deps, application }) => {
    const { value } = await applyBundle(deps, act, application.id, small(permit('a')))
    await assert.rejects(applyBundle(deps, act, application.id, small('permit (principal, action);')), (error) => {
      assert.ok(isFault(error, 'policies.bundle_invalid'))
      assert.match(error.detail ?? '', /^policies\.cedar:1:\d+: /)
      return true
    })
    assert.equal((await findActivation(deps.storage.db, application))?.hash, value.activation.hash)
  }),
)

onEachEngine(
  'roll back: one command to the bundle before, or to any former one by its hash; tests need not run',
  (scratch) =>
    inHouse(scratch, async ({ deps, application }) => {
      const hashes: string[] = []
      for (const id of ['a', 'b', 'c'])
        hashes.push((await applyBundle(deps, act, application.id, small(permit(id)))).value.activation.hash)
      const back = await rollBackBundle(deps, act, application.id, undefined)
      assert.deepEqual([back.value.hash, back.value.number, back.value.kind], [hashes[1], 4, 'rollback'])
      const first = await rollBackBundle(deps, act, application.id, hashes[0])
      assert.equal(first.value.hash, hashes[0])
      assert.equal((await loadActive(deps.storage.db, application.id))?.hash, hashes[0])
      const unknown = rollBackBundle(deps, act, application.id, 'f'.repeat(64))
      await assert.rejects(unknown, fails('policies.bundle_unknown'))
    }),
)

onEachEngine(
  'of two bundles applied at once one wins and the other is told; If-Match holds to what was read',
  (scratch) =>
    inHouse(scratch, async ({ deps, application }) => {
      const candidates = await Promise.all(
        ['a', 'b'].map(async (id) => (await checkBundle(small(permit(id)))).bundle as CheckedBundle),
      )
      // Both callers have looked at the same state: none in force.
      const together = await Promise.allSettled(
        candidates.map((bundle) =>
          deps.storage.transact(async (tx) => {
            await insertBundle(tx, application, bundle, systemClock.nowMs())
            const { hash, templates } = bundle
            const candidate = { hash, templates, kind: 'apply', comment: undefined, expected: 0 } as const
            return activateBundle(tx, deps, act, { ...application, name: 'documents' }, candidate)
          }),
        ),
      )
      const lost = together.filter((one) => one.status === 'rejected')
      assert.equal(lost.length, 1)
      assert.ok(isFault(lost[0]?.reason, 'policies.activated_meanwhile'))
      assert.equal((await findActivation(deps.storage.db, application))?.number, 1)
      const late = applyBundle(deps, act, application.id, small(permit('c')), { ifRevision: 0 })
      await assert.rejects(late, fails('web.revision_conflict'))
      await applyBundle(deps, act, application.id, small(permit('c')), { ifRevision: 1 })
    }),
)

onEachEngine('a bundle that lacks a role which grants in force name is refused with the list of them', (scratch) =>
  inHouse(scratch, async ({ deps, application }) => {
    await applyBundle(deps, act, application.id, small(viewer))
    const input: GrantInput = {
      role: 'viewer',
      applicationId: application.id,
      principal: { type: 'User', id: 'alice' },
      resource: { type: 'Document', id: 'd' },
      why: 'test',
    }
    const { value: grant } = await deps.storage.write((tx) =>
      addGrant(tx, deps, act, application.organizationId, input),
    )
    const run = await validateBundle(deps, act, application.id, small(permit('a')))
    assert.deepEqual(run.dangling, [{ id: grant.id, role: 'viewer' }])
    assert.deepEqual(run.diff?.policies, [
      { id: 'a', change: 'added', effect: 'permit' },
      { id: 'viewer', change: 'removed', effect: 'permit' },
    ])
    await assert.rejects(applyBundle(deps, act, application.id, small(permit('a'))), (error) => {
      assert.ok(isFault(error, 'policies.grants_dangle'))
      assert.deepEqual(
        (error.extra?.grants as { id: string }[]).map(({ id }) => id),
        [grant.id],
      )
      return true
    })
    await applyBundle(deps, act, application.id, small(viewer + permit('a')))
  }),
)

onEachEngine('old activations go, with the bundles that nothing names any more', (scratch) =>
  inHouse(scratch, async ({ deps, application }) => {
    const { value } = await applyBundle(deps, act, application.id, small(permit('oldest')))
    const [a, b] = [small(permit('a')), small(permit('b'))]
    await applyBundle(deps, act, application.id, a)
    await applyBundle(deps, act, application.id, b)
    for (let number = 3; number <= activationsKept; number++) await rollBackBundle(deps, act, application.id, undefined)
    const kept = await listActivations(deps.storage.db, application, 9_999, 9_999)
    assert.equal(kept.length, activationsKept)
    assert.equal(kept.at(-1)?.number, 2)
    assert.equal(await findBundle(deps.storage.db, application, value.activation.hash), undefined)
  }),
)

onEachEngine('over HTTP: apply, show, history, one version, validate and roll back', (scratch) =>
  inHouse(scratch, async ({ server, application }) => {
    server.web.identifyBy(async () => ({ actor: act.actor, via: 'bootstrap' }))
    const url = `${server.url}/api/applications/${application.id}/policies`
    const call = async (method: string, more: string, body?: unknown, headers: Record<string, string> = {}) => {
      const response = await fetch(`${url}${more}`, {
        method,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: response.status, etag: response.headers.get('etag'), body: (await response.json()) as never }
    }
    assert.equal((await call('GET', '')).status, 404)
    const applied = await call('PUT', '', { files: acmeBundle(), comment: 'hello' })
    assert.deepEqual([applied.status, applied.etag], [200, '"1"'])
    const { hash } = applied.body as { hash: string }
    const shown = (await call('GET', '')).body as { hash: string; roles: string[]; files: object }
    assert.deepEqual([shown.hash, shown.roles, shown.files], [hash, ['viewer', 'editor'], acmeBundle()])
    const broken = { ...acmeBundle(), 'policies.cedar': 'permit (principal, action, resource) when { 1 + };' }
    const refused = await call('PUT', '', { files: broken })
    assert.equal(refused.status, 422)
    assert.match((refused.body as { detail: string }).detail, /^policies\.cedar:1:49: /)
    const checked = (await call('POST', '/validate', { files: broken })).body as { valid: boolean; problems: unknown[] }
    assert.deepEqual([checked.valid, checked.problems.length], [false, 1])
    const next = await call('PUT', '', { files: small(permit('a')) }, { 'if-match': '"1"' })
    assert.deepEqual([next.status, next.etag], [200, '"2"'])
    assert.equal((await call('PUT', '', { files: small(permit('b')) }, { 'if-match': '"1"' })).status, 412)
    const back = await call('POST', '/rollback', {})
    assert.deepEqual([(back.body as { hash: string }).hash, back.etag], [hash, '"3"'])
    const page = (await call('GET', '/history?limit=2')).body as { items: { number: number }[]; next: string }
    assert.deepEqual(
      page.items.map(({ number }) => number),
      [3, 2],
    )
    const rest = (await call('GET', `/history?cursor=${page.next}`)).body as {
      items: { number: number }[]
      next?: string
    }
    assert.deepEqual([rest.items.map(({ number }) => number), rest.next], [[1], undefined])
    assert.equal((await call('GET', `/versions/${hash}`)).status, 200)
    assert.equal((await call('GET', `/versions/${'0'.repeat(64)}`)).status, 404)
    assert.equal((await call('PUT', '', { files: {}, extra: 1 })).status, 400)
  }),
)

onEachEngine('no bundle of an application locks an administrator out: it decides nothing of Gatehouse', (scratch) =>
  inHouse(scratch, async ({ deps, application, server }) => {
    const id = (await makeUser(localAdministrator(scratch), 'alice')) as UserId
    const alice: Act = {
      actor: { type: 'user', id, organizationId: application.organizationId, name: 'alice' },
      requestId: 'req-alice',
    }
    const made = await createGrant(server.authorization, act, {
      role: 'owner',
      principal: { type: 'User', id },
      resource: deployment,
      why: 'the first',
    })
    await server.authorization.snapshot.waitFor(made.at, 5_000)
    const forbids = '@id("nobody") forbid (principal, action, resource);\n'
    const first = await applyBundle(deps, alice, application.id, small(permit('a')))
    const { at } = await applyBundle(deps, alice, application.id, small(permit('a') + forbids))
    await server.authorization.snapshot.waitFor(at, 5_000)
    deps.gate.require(alice, 'deleteOrganization', deployment)
    const back = await rollBackBundle(deps, alice, application.id, undefined)
    assert.equal(back.value.hash, first.value.activation.hash)
  }),
)
