import assert from 'node:assert/strict'
import { isFault, newId, type UserId } from '#kernel'
import { systemAct as act, openDirectory } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { addUsers, inviteUser } from './invite-user.ts'
import { activateUsersIn, deleteUser, moveUser } from './move-user.ts'
import { updateUser } from './update-user.ts'
import { findUser, findUserByLogin, findUsers, listUsers } from './user.store.ts'
import type { UserInput, UserTransition } from './user.ts'

const fault = (code: string, pointer?: string) => (error: unknown) =>
  isFault(error, code) && (pointer === undefined || JSON.stringify(error.extra).includes(`"${pointer}"`))

onEachEngine(
  'a user is invited, found by name and address however spelled, and every change is an event',
  async (s) => {
    const deps = await openDirectory(s)
    const { value: alice } = await inviteUser(deps, act, deps.home.id, {
      username: 'Alice',
      email: 'Alice@Example.COM',
      displayName: ' Alice Ångström ',
      attributes: { department: 'research' },
    })
    assert.equal(alice.username, 'alice')
    assert.equal(alice.email, 'Alice@example.com')
    assert.equal(alice.displayName, 'Alice Ångström')
    for (const login of ['alice', 'ALICE', 'ａlice', 'alice@example.com', 'ALICE@EXAMPLE.COM'])
      assert.equal((await findUserByLogin(deps.storage.db, deps.home.id, login))?.id, alice.id, login)
    for (const login of ['', 'bob', 'alice\0', 'аlice', 'a'.repeat(10_000)])
      assert.equal(await findUserByLogin(deps.storage.db, deps.home.id, login), undefined, login)
    await updateUser(deps, act, alice.id, { email: null, attributes: {} })
    assert.equal(await findUserByLogin(deps.storage.db, deps.home.id, 'alice@example.com'), undefined)
    await moveUser(deps, act, alice.id, 'activate')
    await moveUser(deps, act, alice.id, 'deactivate', { reason: 'left' })
    const events = (await deps.events()).filter((event) => event.object.id === alice.id)
    assert.deepEqual(
      events.map(({ type, revision, data }) => ({ type, revision, data })),
      [
        { type: 'directory.user_invited', revision: 1, data: { from: 'none', to: 'invited' } },
        { type: 'directory.user_updated', revision: 2, data: { changed: ['attributes', 'email'] } },
        { type: 'directory.user_activated', revision: 3, data: { from: 'invited', to: 'active' } },
        {
          type: 'directory.user_deactivated',
          revision: 4,
          data: { from: 'active', to: 'deactivated', reason: 'left' },
        },
      ],
    )
    await deps.storage.close()
  },
)

onEachEngine('one name goes to one of many who race for it, be it as user name or as address', async (s) => {
  const deps = await openDirectory(s)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, turn) =>
      inviteUser(deps, act, deps.home.id, {
        username: turn % 2 === 0 ? 'BOB@example.com' : `bob${turn}`,
        email: 'bob@example.com',
      }),
    ),
  )
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.ok(isFault(outcome.reason, 'directory.name_taken'), outcome.reason)
  assert.equal((await listUsers(deps.storage.db, {}, { limit: 100 })).length, 1)
  assert.equal((await deps.events()).filter((event) => event.type === 'directory.user_invited').length, 1)
  await deps.storage.close()
})

onEachEngine('a name that looks like another is refused, also when renaming, and told where', async (s) => {
  const deps = await openDirectory(s)
  await inviteUser(deps, act, deps.home.id, { username: 'capo' })
  const other = (await inviteUser(deps, act, deps.home.id, { username: 'carl' })).value
  const cyrillic = 'саро'
  await assert.rejects(
    inviteUser(deps, act, deps.home.id, { username: cyrillic }),
    fault('directory.name_taken', '/username'),
  )
  await assert.rejects(updateUser(deps, act, other.id, { username: cyrillic }), fault('directory.name_taken'))
  await assert.rejects(
    inviteUser(deps, act, deps.home.id, { username: 'cаpo' }),
    fault('directory.invalid', '/username'),
    'mixed scripts',
  )
  assert.equal((await findUser(deps.storage.db, other.id))?.revision, 1)
  await deps.storage.close()
})

onEachEngine('deleting erases the person, keeps a tombstone and frees the name', async (s) => {
  const deps = await openDirectory(s)
  const input = { username: 'eve', email: 'eve@example.com', displayName: 'Eve', attributes: { badge: '7' } }
  const { value: eve } = await inviteUser(deps, act, deps.home.id, input)
  await deleteUser(deps, act, eve.id)
  const tombstone = await findUser(deps.storage.db, eve.id)
  assert.deepEqual(
    { ...tombstone, createdAtMs: 0, updatedAtMs: 0 },
    {
      id: eve.id,
      organizationId: deps.home.id,
      username: eve.id,
      email: undefined,
      emailVerified: false,
      displayName: undefined,
      attributes: {},
      state: 'deleted',
      createdAtMs: 0,
      updatedAtMs: 0,
      revision: 2,
    },
  )
  assert.equal(await findUserByLogin(deps.storage.db, deps.home.id, eve.id), undefined)
  const again = (await inviteUser(deps, act, deps.home.id, input)).value
  assert.notEqual(again.id, eve.id)
  for (const transition of ['invite', 'activate', 'suspend', 'deactivate', 'delete'] as UserTransition[])
    await assert.rejects(moveUser(deps, act, eve.id, transition), fault('directory.user_unknown'))
  await deps.storage.close()
})

onEachEngine('a change holds to the revision its sender read; of twenty writers one wins', async (s) => {
  const deps = await openDirectory(s)
  const { value: alice } = await inviteUser(deps, act, deps.home.id, { username: 'alice' })
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, turn) => updateUser(deps, act, alice.id, { displayName: `Alice ${turn}` }, 1)),
  )
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.ok(isFault(outcome.reason, 'web.revision_conflict'), outcome.reason)
  assert.equal((await findUser(deps.storage.db, alice.id))?.revision, 2)
  await deps.storage.close()
})

onEachEngine('many users are taken in at once, all of them or none', async (s) => {
  const deps = await openDirectory(s)
  const { db } = deps.storage
  await inviteUser(deps, act, deps.home.id, { username: 'taken' })
  const inputs = Array.from({ length: 1_200 }, (_, at) => ({ username: `u${at}`, email: `u${at}@example.com` }))
  const add = (more: UserInput[]) =>
    deps.storage.transact((tx) => addUsers(tx, deps, act, deps.home.id, [...inputs, ...more]))
  await assert.rejects(add([{ username: 'Taken' }]), fault('directory.name_taken', '/1200/username'))
  await assert.rejects(add([{ username: 'x', email: 'U7@example.com' }]), fault('directory.name_taken', '/1200/email'))
  await assert.rejects(add([{ username: '' }]), fault('directory.invalid'))
  assert.equal((await listUsers(db, {}, { limit: 10 })).length, 1)
  const ids = (await add([])).map((user) => user.id)
  assert.equal(ids.length, 1_200)
  const activate = (more: UserId[]) => deps.storage.transact((tx) => activateUsersIn(tx, deps, act, [...ids, ...more]))
  await assert.rejects(activate([newId('user', deps)]), fault('directory.user_unknown'))
  await activate([])
  await assert.rejects(activate([]), fault('directory.transition_refused'))
  assert.equal((await listUsers(db, { state: 'active' }, { limit: 2_000 })).length, 1_200)
  assert.deepEqual(
    (await findUsers(db, ids)).map(({ state, revision }) => `${state} ${revision}`),
    ids.map(() => 'active 2'),
  )
  assert.equal((await findUserByLogin(db, deps.home.id, 'u1199@example.com'))?.username, 'u1199')
  assert.equal((await deps.events()).filter((event) => event.type === 'directory.user_invited').length, 1_201)
  await deps.storage.close()
})
