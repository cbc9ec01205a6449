import assert from 'node:assert/strict'
import { isFault, systemEntropy } from '#kernel'
import { systemAct as act, openDirectory } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { moveApplication } from '../applications/change-application.ts'
import { createApplication } from '../applications/create-application.ts'
import { inviteUser } from '../users/invite-user.ts'
import { activateUser, deleteUser } from '../users/move-user.ts'
import { moveOrganization, updateOrganization } from './change-organization.ts'
import { createOrganization, ensureHomeOrganization } from './create-organization.ts'
import {
  findOrganization,
  findOrganizationByName,
  findOrganizationOfDomain,
  listOrganizations,
} from './organization.store.ts'

const fault = (code: string) => (error: unknown) => isFault(error, code)

onEachEngine('the home organization is made once, however many nodes start at once', async (s) => {
  const deps = await openDirectory(s)
  const made = await Promise.all(Array.from({ length: 8 }, () => ensureHomeOrganization(deps)))
  for (const organization of made) assert.deepEqual(organization, deps.home)
  assert.equal((await deps.events()).filter((event) => event.type === 'directory.organization_created').length, 1)
  await deps.storage.close()
})

onEachEngine('a first start on many nodes at once makes one home organization', async (s) => {
  const deps = await openDirectory(s)
  // As before a first start: no organization at all.
  await deps.storage.transact(async (tx) => {
    await tx.deleteFrom('directory_names').execute()
    await tx.deleteFrom('organizations').execute()
  })
  const plain = { storage: deps.storage, clock: deps.clock, entropy: systemEntropy }
  const made = await Promise.all(Array.from({ length: 8 }, () => ensureHomeOrganization(plain)))
  assert.equal(new Set(made.map((organization) => organization.id)).size, 1)
  await deps.storage.close()
})

onEachEngine(
  'names and domains belong to one organization each, and are free again when it gives them up',
  async (s) => {
    const deps = await openDirectory(s)
    const { db } = deps.storage
    const make = (name: string, domains: string[] = []) => createOrganization(deps, act, { name, domains })
    const { value: acme } = await make('acme', ['ACME.example', 'acme.example', 'bücher.example'])
    assert.deepEqual(acme.domains, ['acme.example', 'xn--bcher-kva.example'])
    assert.equal((await findOrganizationOfDomain(db, 'Bücher.EXAMPLE'))?.id, acme.id)
    for (const odd of ['', 'example', 'a\0.example', '%61cme.example', 'nobody.example'])
      assert.equal(await findOrganizationOfDomain(db, odd), undefined, odd)
    await assert.rejects(make('acme'), fault('directory.name_taken'))
    await assert.rejects(make('other', ['acme.example']), fault('directory.name_taken'))
    await assert.rejects(make('other', ['not a domain']), fault('directory.invalid'))
    assert.equal(await findOrganizationByName(db, 'other'), undefined, 'nothing is half-made')
    await updateOrganization(deps, act, acme.id, { name: 'acme-2', domains: [] })
    assert.equal(await findOrganizationByName(db, 'acme'), undefined)
    const { value: other } = await make('acme', ['acme.example'])
    assert.equal((await findOrganizationOfDomain(db, 'acme.example'))?.id, other.id)
    await deps.storage.close()
  },
)

onEachEngine('renames that meet: one organization takes the name, the others are told', async (s) => {
  const deps = await openDirectory(s)
  const ids = []
  for (let at = 0; at < 6; at++) ids.push((await createOrganization(deps, act, { name: `o${at}` })).value.id)
  const outcomes = await Promise.allSettled(
    ids.map((id) => updateOrganization(deps, act, id, { name: 'wanted', domains: ['wanted.example'] })),
  )
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.ok(isFault(outcome.reason, 'directory.name_taken'), outcome.reason)
  const names = (await listOrganizations(deps.storage.db, { limit: 20 })).map(({ name }) => name)
  assert.equal(names.filter((name) => name === 'wanted').length, 1)
  assert.equal(names.length, 7)
  await deps.storage.close()
})

onEachEngine('home cannot be renamed, suspended or deleted; an inhabited organization cannot be deleted', async (s) => {
  const deps = await openDirectory(s)
  const home = deps.home.id
  await assert.rejects(updateOrganization(deps, act, home, { name: 'base' }), fault('directory.organization_is_home'))
  await assert.rejects(moveOrganization(deps, act, home, 'suspend'), fault('directory.organization_is_home'))
  await assert.rejects(moveOrganization(deps, act, home, 'delete'), fault('directory.organization_is_home'))
  const { value: acme } = await createOrganization(deps, act, { name: 'acme', domains: ['acme.example'] })
  const { value: user } = await inviteUser(deps, act, acme.id, { username: 'alice' })
  await assert.rejects(moveOrganization(deps, act, acme.id, 'delete'), fault('directory.organization_not_empty'))
  await deleteUser(deps, act, user.id)
  const { value: app } = await createApplication(deps, act, acme.id, { name: 'docs', kind: 'web' })
  await assert.rejects(moveOrganization(deps, act, acme.id, 'delete'), fault('directory.organization_not_empty'))
  await moveApplication(deps, act, app.id, 'delete')
  await moveOrganization(deps, act, acme.id, 'delete')
  const tombstone = await findOrganization(deps.storage.db, acme.id)
  assert.deepEqual([tombstone?.state, tombstone?.name, tombstone?.domains], ['deleted', acme.id, []])
  assert.equal(await findOrganizationOfDomain(deps.storage.db, 'acme.example'), undefined)
  await assert.rejects(inviteUser(deps, act, acme.id, { username: 'a' }), fault('directory.organization_unknown'))
  await assert.rejects(moveOrganization(deps, act, acme.id, 'activate'), fault('directory.organization_unknown'))
  await deps.storage.close()
})

onEachEngine('suspending an organization closes it to newcomers and touches all that is active in it', async (s) => {
  const deps = await openDirectory(s)
  const { value: acme } = await createOrganization(deps, act, { name: 'acme' })
  const { value: alice } = await inviteUser(deps, act, acme.id, { username: 'alice' })
  await activateUser(deps, act, alice.id)
  const { value: invited } = await inviteUser(deps, act, acme.id, { username: 'bob' })
  const { value: app } = await createApplication(deps, act, acme.id, { name: 'docs', kind: 'web' })
  const before = (await deps.events()).length
  await moveOrganization(deps, act, acme.id, 'suspend', { reason: 'unpaid' })
  const touched = (await deps.events()).slice(before).flatMap((event) => event.touches.map((touch) => touch.id))
  assert.deepEqual(new Set(touched), new Set([acme.id, alice.id, app.id]))
  assert.ok(!touched.includes(invited.id))
  const closed = fault('directory.organization_closed')
  await assert.rejects(inviteUser(deps, act, acme.id, { username: 'carol' }), closed)
  await assert.rejects(createApplication(deps, act, acme.id, { name: 'wiki', kind: 'web' }), closed)
  await moveOrganization(deps, act, acme.id, 'activate')
  await inviteUser(deps, act, acme.id, { username: 'carol' })
  await deps.storage.close()
})
