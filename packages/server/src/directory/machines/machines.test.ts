import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { isFault } from '#kernel'
import { systemAct as act, openDirectory } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { verifyClientSecret } from '../credentials/client-secret.ts'
import { createOrganization } from '../organizations/create-organization.ts'
import { inviteUser } from '../users/invite-user.ts'
import { activateUser, deactivateUser, deleteUser, suspendUser } from '../users/move-user.ts'
import { moveMachine, updateMachine } from './change-machine.ts'
import { createMachine } from './create-machine.ts'
import { findMachine, findMachineByName, listMachines } from './machine.store.ts'
import { issueMachineSecret } from './machine-secrets.ts'

const unfit = (error: unknown) => isFault(error, 'directory.owner_unfit')

onEachEngine(
  'a machine has an owner who is active and of its organization, always when it is made or activated',
  async (s) => {
    const deps = await openDirectory(s)
    const { value: other } = await createOrganization(deps, act, { name: 'other' })
    const { value: alice } = await inviteUser(deps, act, deps.home.id, { username: 'alice' })
    const { value: stranger } = await inviteUser(deps, act, other.id, { username: 'alice' })
    await activateUser(deps, act, stranger.id)
    const make = (owner: string) => createMachine(deps, act, deps.home.id, { name: 'archiver', owner })
    await assert.rejects(make(alice.id), unfit, 'invited')
    await assert.rejects(make(stranger.id), unfit, 'of another organization')
    await assert.rejects(make('alice'), (error) => isFault(error, 'directory.invalid'))
    await activateUser(deps, act, alice.id)
    const { value: archiver } = await make(alice.id)
    assert.deepEqual(await findMachine(deps.storage.db, archiver.id), archiver)
    assert.deepEqual(await findMachineByName(deps.storage.db, deps.home.id, 'archiver'), archiver)
    await moveMachine(deps, act, archiver.id, 'suspend')
    await suspendUser(deps, act, alice.id)
    await assert.rejects(moveMachine(deps, act, archiver.id, 'activate'), unfit)
    await deps.storage.close()
  },
)

onEachEngine(
  'who leaves orphans their machines: an event for each, and a list of them until they have a new owner',
  async (s) => {
    const deps = await openDirectory(s)
    const people = []
    for (const username of ['alice', 'bob']) {
      const { value } = await inviteUser(deps, act, deps.home.id, { username })
      people.push((await activateUser(deps, act, value.id)).value)
    }
    const [alice, bob] = people as [(typeof people)[0], (typeof people)[0]]
    const machines = []
    for (const name of ['archiver', 'builder', 'cleaner'])
      machines.push((await createMachine(deps, act, deps.home.id, { name, owner: alice!.id })).value)
    const orphans = async () =>
      (await listMachines(deps.storage.db, { orphaned: true }, { limit: 10 })).map((machine) => machine.name)
    assert.deepEqual(await orphans(), [])
    await suspendUser(deps, act, alice!.id)
    assert.deepEqual(await orphans(), [], 'a suspended owner is still there')
    await deactivateUser(deps, act, alice!.id)
    assert.deepEqual(await orphans(), ['archiver', 'builder', 'cleaner'])
    const told = (await deps.events()).filter((event) => event.type === 'directory.machine_orphaned')
    assert.deepEqual(
      told.map((event) => event.object.name),
      ['archiver', 'builder', 'cleaner'],
    )
    await updateMachine(deps, act, machines[0]!.id, { owner: bob!.id })
    await moveMachine(deps, act, machines[1]!.id, 'delete')
    await deleteUser(deps, act, alice!.id)
    assert.deepEqual(await orphans(), ['cleaner'])
    const after = (await deps.events()).filter((event) => event.type === 'directory.machine_orphaned')
    assert.equal(after.length, 3, 'told once')
    const kept = await listMachines(deps.storage.db, { orphaned: false }, { limit: 10 })
    assert.deepEqual(
      kept.map((machine) => machine.name),
      ['archiver'],
    )
    await deps.storage.close()
  },
)

onEachEngine(
  'a machine proves itself by secret or by key, and leaving secrets leaves the old ones for good',
  async (s) => {
    const deps = await openDirectory(s)
    const { value: alice } = await inviteUser(deps, act, deps.home.id, { username: 'alice' })
    await activateUser(deps, act, alice.id)
    const { value: machine } = await createMachine(deps, act, deps.home.id, { name: 'archiver', owner: alice.id })
    const { machine: withSecret, secret } = (await issueMachineSecret(deps, act, machine.id)).value
    assert.equal(verifyClientSecret(withSecret, secret, deps.clock.nowMs()), true)
    await assert.rejects(
      updateMachine(deps, act, machine.id, { authMethod: 'private_key_jwt' }),
      (error) => isFault(error, 'directory.invalid') && /keys/.test(error.message),
    )
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = publicKey.export({ format: 'jwk' })
    const { value: keyed } = await updateMachine(deps, act, machine.id, {
      authMethod: 'private_key_jwt',
      keys: [{ jwk }],
    })
    assert.equal(keyed.credentials.keys[0]?.jwk.alg, 'ES256')
    assert.match(keyed.credentials.keys[0]?.kid ?? '', /^[\w-]{43}$/)
    assert.equal(verifyClientSecret(keyed, secret, deps.clock.nowMs()), false)
    await assert.rejects(issueMachineSecret(deps, act, machine.id), (error) =>
      isFault(error, 'directory.no_client_secret'),
    )
    const { value: back } = await updateMachine(deps, act, machine.id, { authMethod: 'client_secret_basic' })
    assert.equal(verifyClientSecret(back, secret, deps.clock.nowMs()), false)
    await deps.storage.close()
  },
)
