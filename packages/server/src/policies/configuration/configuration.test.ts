import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { findMachineByName, findOrganizationByName, findUserByLogin, type Organization } from '#directory'
import { listEvents } from '#feed'
import { type Act, type Fault, isFault, systemClock, systemEntropy } from '#kernel'
import { acmeFiles } from '../../../test/support/acme.ts'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { numberAllEvents } from '../../../test/support/number-events.ts'
import { startTestServer, type TestServer } from '../../../test/support/server.ts'
import type { PoliciesDeps } from '../deps.ts'
import { applyConfiguration, planConfiguration } from './configure.ts'
import { exportConfiguration } from './export-configuration.ts'

const act: Act = { actor: { type: 'system', name: 'test' }, requestId: 'req-test' }

interface House {
  server: TestServer
  deps: PoliciesDeps
}

async function inHouse(scratch: Scratch, body: (house: House) => Promise<void>): Promise<void> {
  const server = await startTestServer(scratch)
  try {
    const { gate, snapshot } = server.authorization
    await body({
      server,
      deps: { storage: server.storage, clock: systemClock, entropy: systemEntropy, gate, snapshot },
    })
  } finally {
    await server.close()
  }
}

async function apply(deps: PoliciesDeps, files: Record<string, string>, prune = false, by: Act = act) {
  const { fingerprint, changes } = await planConfiguration(deps, by, { files, prune })
  const { at } = await applyConfiguration(deps, by, { files, prune, fingerprint })
  await deps.snapshot.waitFor(at, 5_000)
  return changes
}

onEachEngine('examples/acme: the plan is applied whole, in one go, and applying it again changes nothing', (scratch) =>
  inHouse(scratch, async ({ deps }) => {
    const files = acmeFiles()
    const changes = await apply(deps, files)
    assert.ok(changes.every(({ action }) => action === 'create'))
    const kinds = Object.groupBy(changes, ({ kind }) => kind)
    assert.deepEqual(Object.fromEntries(Object.entries(kinds).map(([kind, some]) => [kind, some?.length])), {
      organization: 3,
      user: 7,
      group: 4,
      machine: 1,
      application: 1,
      policies: 1,
      resource: 4,
      grant: 5,
    })
    const again = await planConfiguration(deps, act, { files, prune: true })
    assert.deepEqual(again.changes, [])
    const acme = (await findOrganizationByName(deps.storage.db, 'acme')) as Organization
    assert.equal((await findUserByLogin(deps.storage.db, acme.id, 'alice'))?.state, 'active')
  }),
)

onEachEngine('every change has its own event by the actor, and one tells of the whole', (scratch) =>
  inHouse(scratch, async ({ deps }) => {
    const by: Act = { actor: { type: 'bootstrap', name: 'local' }, requestId: 'req-apply' }
    await apply(deps, acmeFiles(), false, by)
    await numberAllEvents(deps.storage)
    const events = await listEvents(deps.storage.db, 0, 500, { requestId: 'req-apply' })
    assert.ok(events.every(({ actor }) => actor.type === 'bootstrap'))
    const counts = Object.groupBy(events, ({ type }) => type)
    assert.equal(counts['directory.user_invited']?.length, 7)
    assert.equal(counts['directory.user_activated']?.length, 7)
    assert.equal(counts['authorization.grant_created']?.length, 5)
    assert.equal(counts['policies.bundle_activated']?.length, 1)
    assert.deepEqual(
      counts['policies.configuration_applied']?.map(({ object, data }) => [
        object.name,
        (data as { creates: number }).creates,
      ]),
      [
        ['acme-labs', 5],
        ['acme', 18],
        ['partner', 3],
      ],
    )
  }),
)

const edit = (files: Record<string, string>, file: string, from: string | RegExp, to: string) => {
  const text = (files[file] as string).replace(from, to)
  assert.notEqual(text, files[file], `${file} holds ${from}`)
  return { ...files, [file]: text }
}

onEachEngine('a plan tells each field that changes, before and after; what files leave out is left alone', (scratch) =>
  inHouse(scratch, async ({ deps }) => {
    await apply(deps, acmeFiles())
    let files = edit(acmeFiles(), 'acme.yaml', 'department: support', 'department: sales')
    files = edit(files, 'acme.yaml', 'members: [user:dana]', 'members: [user:dana, user:bob]')
    files = edit(files, 'acme.yaml', / {2}carol:[\s\S]*?audit \}\n/, '')
    files = edit(files, 'acme.yaml', /, user:carol\]/, ']')
    files = edit(files, 'acme.yaml', / {2}- \{ role: gatehouse.*\n/, '')
    const { changes } = await planConfiguration(deps, act, { files, prune: false })
    assert.deepEqual(
      changes.map(({ action, kind, name, fields }) => ({ action, kind, name, fields })),
      [
        {
          action: 'update',
          kind: 'user',
          name: 'bob',
          fields: [{ field: 'attributes', before: { department: 'support' }, after: { department: 'sales' } }],
        },
        {
          action: 'update',
          kind: 'group',
          name: 'finance',
          fields: [{ field: 'members', before: ['user:dana'], after: ['user:bob', 'user:dana'] }],
        },
        {
          action: 'update',
          kind: 'group',
          name: 'staff',
          fields: [
            {
              field: 'members',
              before: ['group:finance', 'user:alice', 'user:bob', 'user:carol'],
              after: ['group:finance', 'user:alice', 'user:bob'],
            },
          ],
        },
      ],
    )
    const pruned = await apply(deps, files, true)
    assert.deepEqual(
      pruned.filter(({ action }) => action === 'delete').map(({ kind, name }) => [kind, name]),
      [
        ['grant', 'gatehouse/auditor user:carol organization:acme'],
        ['user', 'carol'],
      ],
    )
    assert.deepEqual((await planConfiguration(deps, act, { files, prune: true })).changes, [])
  }),
)

onEachEngine('a grant whose end or reason changes is replaced, and never stands beside the old one', (scratch) =>
  inHouse(scratch, async ({ deps }) => {
    await apply(deps, acmeFiles())
    const files = edit(acmeFiles(), 'acme.yaml', 'why: The archive', 'until: 2999-01-01, why: The archive')
    const changes = await apply(deps, files)
    assert.deepEqual(
      changes.map(({ action, kind, fields }) => ({ action, kind, fields })),
      [
        {
          action: 'update',
          kind: 'grant',
          fields: [{ field: 'until', before: null, after: '2999-01-01T00:00:00.000Z' }],
        },
      ],
    )
    const exported = await exportConfiguration(deps, act, ['acme'])
    assert.equal((exported['acme.yaml'] as string).match(/machine:archiver/g)?.length, 1)
    assert.deepEqual((await planConfiguration(deps, act, { files, prune: true })).changes, [])
  }),
)

onEachEngine(
  'what was planned is what is applied: a change between them refuses it, a repeated request is safe',
  (scratch) =>
    inHouse(scratch, async ({ deps }) => {
      const files = acmeFiles()
      const input = { files, prune: false }
      const { fingerprint } = await planConfiguration(deps, act, input)
      const labs = { 'acme-labs.yaml': files['acme-labs.yaml'] as string }
      await apply(deps, labs)
      const late = applyConfiguration(deps, act, { ...input, fingerprint })
      await assert.rejects(late, (error) => isFault(error, 'policies.plan_outdated'))
      const now = await planConfiguration(deps, act, input)
      const once = await applyConfiguration(deps, act, { ...input, fingerprint: now.fingerprint })
      const twice = await applyConfiguration(deps, act, { ...input, fingerprint: now.fingerprint })
      assert.ok(once.value.changes.length > 0)
      assert.equal(twice.value.changes.length, 0)
    }),
)

onEachEngine('a change that cannot be made refuses the whole, with its file and line, and changes nothing', (scratch) =>
  inHouse(scratch, async ({ deps }) => {
    const refusals: [Record<string, string>, RegExp][] = [
      [
        edit(acmeFiles(), 'acme.yaml', 'owner: user:alice', 'owner: user:nobody'),
        /^acme\.yaml:38:5: cannot create machine acme\/archiver: there is no user:nobody/,
      ],
      [
        edit(acmeFiles(), 'acme.yaml', 'members: [user:dana]', 'members: [group:staff]'),
        /cannot create group acme\/\w+: .*member of itself/,
      ],
      [
        edit(acmeFiles(), 'partner.yaml', 'domains: [partner.example]', 'domains: [acme.example]'),
        /^partner\.yaml:2:15: cannot create organization partner\/partner: .*acme\.example/,
      ],
      [
        edit(acmeFiles(), 'acme.yaml', 'role: documents/viewer, to: "machine', 'role: documents/boss, to: "machine'),
        /^acme\.yaml:\d+:5: cannot create grant .*: There is no such role/,
      ],
      [edit(acmeFiles(), 'acme.yaml', 'gatehouse/auditor', 'gatehouse/emperor'), /There is no such role/],
      [edit(acmeFiles(), 'acme.yaml', 'to: "user:carol"', 'to: "user:nobody"'), /there is no user:nobody/],
      [edit(acmeFiles(), 'acme.yaml', 'user:dana" }', 'user:nobody" }'), /there is no user:nobody/],
    ]
    for (const [files, pattern] of refusals) {
      await assert.rejects(planConfiguration(deps, act, { files, prune: false }), (error) => {
        assert.ok(isFault(error, 'policies.configuration_refused'), String((error as Fault).cause ?? error))
        assert.match(error.detail ?? '', pattern)
        return true
      })
    }
    assert.deepEqual(Object.keys(await exportConfiguration(deps, act, undefined)), ['home.yaml'])
    await numberAllEvents(deps.storage)
    assert.equal((await listEvents(deps.storage.db, 0, 500, { type: 'directory.user_invited' })).length, 0)
  }),
)

onEachEngine('over HTTP: plan, apply, drift and export; a body of the wrong shape is refused', (scratch) =>
  inHouse(scratch, async ({ server }) => {
    server.web.identifyBy(async () => ({ actor: act.actor, via: 'bootstrap' }))
    const call = async (method: string, path: string, body?: unknown) => {
      const response = await fetch(`${server.url}/api/configuration/${path}`, {
        method,
        ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      })
      return {
        status: response.status,
        at: response.headers.get('consistency-token'),
        body: (await response.json()) as never,
      }
    }
    type Reply = { fingerprint: string; changes: { fields: unknown[] }[]; problems: { file: string; line: number }[] }
    const files = acmeFiles()
    const planned = (await call('POST', 'plan', { files })).body as Reply
    assert.equal(planned.changes.length, 26)
    const applied = await call('POST', 'apply', { files, fingerprint: planned.fingerprint })
    assert.equal(applied.status, 200)
    assert.ok(applied.at)
    assert.deepEqual(((await call('POST', 'plan', { files, prune: true })).body as Reply).changes, [])
    const exported = (await call('GET', 'export?organization=acme')).body as { files: Record<string, string> }
    assert.ok(exported.files['acme/documents/schema.cedarschema'])
    const drift = (await call('POST', 'plan', { files: exported.files, prune: true })).body as Reply
    assert.deepEqual(drift.changes, [])
    const broken = { 'acme.yaml': 'organization: acme\nuser: {}\n' }
    const refused = await call('POST', 'plan', { files: broken })
    assert.deepEqual(
      [refused.status, (refused.body as Reply).problems[0]],
      [422, { file: 'acme.yaml', line: 2, column: 1, says: 'unknown key "user"', help: 'did you mean users?' }],
    )
    assert.equal((await call('POST', 'plan', { files: { a: 1 } })).status, 400)
    assert.equal((await call('GET', 'export?organization=nowhere')).status, 404)
  }),
)

onEachEngine('a machine key without an end in the files gets one when it is applied, and that is no drift', (scratch) =>
  inHouse(scratch, async ({ deps }) => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
    const jwk = { ...key, kid: 'one' }
    const file = (machine: string) => ({
      'home.yaml': `organization: home\nusers: { olga: { state: active } }\nmachines: { m: ${machine} }\n`,
    })
    const keys = (...more: object[]) =>
      JSON.stringify({ owner: 'user:olga', auth_method: 'private_key_jwt', keys: more })
    const open = file(keys({ jwk }))
    await apply(deps, open)
    assert.deepEqual((await planConfiguration(deps, act, { files: open, prune: false })).changes, [])
    const home = (await findOrganizationByName(deps.storage.db, 'home')) as Organization
    const ends = async () =>
      (await findMachineByName(deps.storage.db, home.id, 'm'))?.credentials.keys.map(({ expiresAtMs }) => expiresAtMs)
    const [first] = (await ends()) as number[]
    assert.ok(Math.abs((first as number) - Date.now() - 90 * 86_400_000) < 60_000)
    const sooner = new Date(Date.now() + 86_400_000).toISOString()
    assert.equal((await apply(deps, file(keys({ jwk, expires: sooner })))).length, 1, 'an end that is said counts')
    assert.deepEqual(await ends(), [Date.parse(sooner)])
    const late = file(keys({ jwk, expires: '2999-01-01T00:00:00Z' }))
    await assert.rejects(apply(deps, late), (error) => isFault(error))
    const exported = await exportConfiguration(deps, act, undefined)
    assert.deepEqual((await planConfiguration(deps, act, { files: exported, prune: true })).changes, [])
  }),
)

onEachEngine('the files set how many days keys live in an organization, and it is exported as it was set', (scratch) =>
  inHouse(scratch, async ({ deps }) => {
    const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
    const machine = JSON.stringify({ owner: 'user:olga', auth_method: 'private_key_jwt', keys: [{ jwk }] })
    const file = `organization: home\ntokens: { key_days: 7 }\nusers: { olga: { state: active } }\nmachines: { m: ${machine} }\n`
    await apply(deps, { 'home.yaml': file })
    const home = (await findOrganizationByName(deps.storage.db, 'home')) as Organization
    assert.equal(home.settings.tokens?.keyDays, 7)
    const [key] = (await findMachineByName(deps.storage.db, home.id, 'm'))?.credentials.keys ?? []
    assert.equal((key?.expiresAtMs as number) - (key?.registeredAtMs as number), 7 * 86_400_000)
    const exported = await exportConfiguration(deps, act, undefined)
    assert.match(exported['home.yaml'] as string, /key_days: 7/)
    assert.deepEqual((await planConfiguration(deps, act, { files: exported, prune: true })).changes, [])
  }),
)
