import assert from 'node:assert/strict'
import { isFault } from '#kernel'
import { bundleOf, inHouse, systemAct, type TestHouse } from '../../../test/support/authorization.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import type { EntityJson, EntityUid } from '../entities/source.ts'
import { createGrant } from '../grants/create-grant.ts'
import { changeResources } from './change-resources.ts'
import { listResources } from './resource.store.ts'

const bundle = {
  schema: `entity Folder in [Folder, Organization];
    entity Document in [Folder] { title: String, owner?: User, size?: Long };
    action read, write appliesTo { principal: [User], resource: [Document] };`,
  policies: `@id("owner") permit (principal is User, action, resource is Document) when { resource has owner && resource.owner == principal };
    @id("viewer") permit (principal in ?principal, action == Action::"read", resource in ?resource);
    @id("large") forbid (principal, action, resource is Document) when { resource has size && resource.size > 9007199254740993 };`,
  manifest: { roles: { viewer: { end: 'optional' as const, longestMs: 1_000 } } },
}

const uid = (type: string, id: string) => ({ type, id })
const folder = (id: string, ...parents: EntityUid[]): EntityJson => ({ uid: uid('Folder', id), attrs: {}, parents })
const document = (id: string, parent: string, attrs: object = {}): EntityJson => ({
  uid: uid('Document', id),
  attrs: { title: id, ...attrs },
  parents: [uid('Folder', parent)],
})
const fails = (code: string, says?: RegExp) => (error: unknown) =>
  isFault(error, code) && (says === undefined || says.test(error.detail ?? ''))

async function app(house: TestHouse, organizationId = house.home) {
  const application = await house.application(organizationId)
  await house.activate(bundleOf(application, organizationId, bundle))
  const act = house.act(application)
  const id = application.id as never
  const { authorization } = house
  return {
    id,
    application,
    change: async (put: EntityJson[], gone: EntityUid[] = []) => {
      const { value, at } = await changeResources(authorization, act, id, { put, delete: gone })
      await authorization.snapshot.waitFor(at, 5_000)
      return value
    },
    may: (principal: EntityUid, name: string, resource: EntityUid) =>
      authorization.snapshot
        .application(id)
        ?.decide({ principal, action: uid('Action', name), resource }, house.clock.nowMs()),
  }
}

onEachEngine('resources are put, replaced and deleted, and decisions follow', (scratch) =>
  inHouse(scratch, async (house) => {
    const [alice, bob] = [await house.user(), await house.user()]
    const { change, may } = await app(house)
    const owner = (user: EntityUid) => ({ owner: { __entity: user } })
    assert.deepEqual(await change([folder('f'), document('d', 'f', owner(alice))]), { put: 2, deleted: 0, total: 2 })
    assert.equal(may(alice, 'write', uid('Document', 'd'))?.outcome, 'allow')
    assert.equal(may(bob, 'write', uid('Document', 'd'))?.outcome, 'deny_default')
    assert.deepEqual(await change([document('d', 'f', owner(bob))]), { put: 1, deleted: 0, total: 2 })
    assert.equal(may(alice, 'write', uid('Document', 'd'))?.outcome, 'deny_default')
    assert.equal(may(bob, 'write', uid('Document', 'd'))?.outcome, 'allow')
    assert.deepEqual(await change([], [uid('Document', 'd'), uid('Document', 'never')]), {
      put: 0,
      deleted: 1,
      total: 1,
    })
    assert.equal(may(bob, 'write', uid('Document', 'd'))?.allow, false)
  }),
)

onEachEngine(
  'a grant on a folder reaches what lies in it, follows a move, and lasts no longer than the bundle lets it',
  (scratch) =>
    inHouse(scratch, async (house) => {
      const group = await house.group()
      const alice = await house.user({ groups: [group] })
      const { id, change, may } = await app(house)
      await change([folder('top'), folder('sub', uid('Folder', 'top')), folder('else'), document('d', 'sub')])
      const input = { applicationId: id, role: 'viewer', principal: group, resource: uid('Folder', 'top'), why: 'team' }
      await assert.rejects(createGrant(house.authorization, systemAct, input), fails('authorization.grant_too_long'))
      const untilMs = house.clock.nowMs() + 1_000
      const { at, value } = await createGrant(house.authorization, systemAct, { ...input, untilMs })
      await house.authorization.snapshot.waitFor(at, 5_000)
      assert.deepEqual(may(alice, 'read', uid('Document', 'd'))?.reasons, [value.id])
      assert.equal(may(alice, 'write', uid('Document', 'd'))?.allow, false)
      await change([document('d', 'else')])
      assert.equal(may(alice, 'read', uid('Document', 'd'))?.allow, false)
      await change([folder('else', uid('Folder', 'sub'))])
      assert.equal(may(alice, 'read', uid('Document', 'd'))?.allow, true)
      // Two folders change places in the hierarchy at once.
      await change([folder('sub'), folder('top', uid('Folder', 'sub')), folder('else')])
      assert.equal(may(alice, 'read', uid('Document', 'd'))?.allow, false)
      await change([document('d', 'top')])
      assert.equal(may(alice, 'read', uid('Document', 'd'))?.allow, true)
      house.clock.advanceMs(1_000)
      assert.equal(may(alice, 'read', uid('Document', 'd'))?.allow, false)
    }),
)

onEachEngine(
  'what does not fit the schema, is not the application’s own, or makes a cycle is refused whole',
  (scratch) =>
    inHouse(scratch, async (house) => {
      const { change, id } = await app(house)
      const invalid = 'authorization.entity_invalid'
      const good = folder('good')
      await assert.rejects(change([good, { ...document('d', 'f'), attrs: { title: 1 } }]), fails(invalid, /title/))
      await assert.rejects(change([good, { ...document('d', 'f'), attrs: {} }]), fails(invalid))
      await assert.rejects(change([good, { ...good, uid: uid('Planet', 'Mars') }]), fails(invalid, /Planet/))
      await assert.rejects(change([good, { ...good, uid: uid('User', 'x') }]), fails(invalid, /own/))
      await assert.rejects(change([good, { ...good, uid: uid('Action', 'read') }]), fails(invalid, /own/))
      await assert.rejects(
        change([good, { ...good, uid: uid('Gatehouse::System', 'gatehouse') }]),
        fails(invalid, /own/),
      )
      await assert.rejects(change([good, folder('x', uid('Document', 'd'))]), fails(invalid, /lie in/))
      await assert.rejects(change([good, document('d', 'f', { size: 2 ** 60 })]), fails(invalid))
      await assert.rejects(change([good, good]), fails(invalid, /twice/))
      await assert.rejects(change([folder('a', uid('Folder', 'a'))]), fails('authorization.entity_cycle'))
      assert.deepEqual(await listResources(house.storage.db, id, { limit: 10 }), [])
      await change([folder('a'), folder('b', uid('Folder', 'a')), folder('c', uid('Folder', 'b'))])
      await assert.rejects(change([folder('a', uid('Folder', 'c'))]), fails('authorization.entity_cycle'))
      const races = await Promise.allSettled([
        change([folder('p', uid('Folder', 'q'))]),
        change([folder('q', uid('Folder', 'p'))]),
      ])
      assert.deepEqual(races.map((race) => race.status).sort(), ['fulfilled', 'rejected'])
    }),
)

onEachEngine('an application sees nothing of another organization, nor of another application', (scratch) =>
  inHouse(scratch, async (house) => {
    const alice = await house.user()
    const stranger = await house.user({ organizationId: house.other })
    const ours = await app(house)
    const second = await app(house)
    const theirs = await app(house, house.other)
    const own = (user: EntityUid) => document('d', 'f', { owner: { __entity: user } })
    await ours.change([own(alice)])
    await theirs.change([own(alice)])
    await second.change([folder('f')])
    assert.equal(ours.may(alice, 'write', uid('Document', 'd'))?.allow, true)
    assert.equal(second.may(alice, 'write', uid('Document', 'd'))?.allow, false)
    assert.deepEqual(theirs.may(alice, 'write', uid('Document', 'd'))?.reasons, ['gatehouse:principal-unknown'])
    assert.deepEqual(ours.may(stranger, 'write', uid('Document', 'd'))?.reasons, ['gatehouse:principal-unknown'])
    const foreign = house.act(theirs.application)
    await assert.rejects(
      changeResources(house.authorization, foreign, ours.id, { put: [], delete: [] }),
      fails('authorization.denied'),
    )
    // Lying in the other organization's entity opens nothing of it, and the own organization's does.
    await ours.change([{ ...folder('o'), parents: [uid('Organization', house.other)] }, document('e', 'o')])
    const view = house.authorization.snapshot.application(ours.id)?.view
    assert.equal(view?.find('Organization', house.other), undefined)
    assert.equal(view?.find('User', stranger.id), undefined)
    assert.equal(view?.find('User', alice.id)?.id, alice.id)
  }),
)

onEachEngine('resources are there again after a start, integers exact', (scratch) =>
  inHouse(scratch, async (house) => {
    const alice = await house.user()
    const { id, change, may } = await app(house)
    const owner = { owner: { __entity: alice } }
    await change([document('just', 'f', { ...owner, size: 9007199254740993n })])
    await change([document('over', 'f', { ...owner, size: 9007199254740994n })])
    const decisions = () => ['just', 'over'].map((name) => may(alice, 'read', uid('Document', name))?.outcome)
    assert.deepEqual(decisions(), ['allow', 'deny_policy'])
    await house.close()
    await house.start()
    const again = ['just', 'over'].map(
      (name) =>
        house.authorization.snapshot
          .application(id)
          ?.decide({ principal: alice, action: uid('Action', 'read'), resource: uid('Document', name) }, 1).outcome,
    )
    assert.deepEqual(again, ['allow', 'deny_policy'])
  }),
)
