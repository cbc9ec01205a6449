import { join } from 'node:path'
import { addMachine, addMachineSecret, addUser, ensureHomeOrganization, moveUserIn } from '#directory'
import { type Act, systemClock, systemEntropy } from '#kernel'
import { openStorage } from '#storage'
import { migrations } from '../../src/gatehouse.ts'

export interface BenchClient {
  readonly id: string
  readonly secret: string
}

/** Puts machines with secrets into a data directory that no server has opened yet. */
export async function prepareMachines(data: string, count: number): Promise<BenchClient[]> {
  const deps = { clock: systemClock, entropy: systemEntropy }
  const act: Act = { actor: { type: 'system', name: 'bench' }, requestId: 'bench' }
  const storage = await openStorage(
    { engine: 'sqlite', file: join(data, 'gatehouse.db') },
    { clock: systemClock, migrations },
  )
  try {
    const home = await ensureHomeOrganization({ storage, ...deps })
    const owner = await storage.transact(async (tx) => {
      const user = await addUser(tx, deps, act, home.id, { username: 'bench' })
      return moveUserIn(tx, deps, act, user.id, 'activate')
    })
    return await Promise.all(
      Array.from({ length: count }, (_, index) =>
        storage.transact(async (tx) => {
          const machine = await addMachine(tx, deps, act, home.id, {
            name: `bench-${index}`,
            owner: owner.id,
            scopes: ['read'],
          })
          const { secret } = await addMachineSecret(tx, deps, act, machine.id)
          return { id: machine.id, secret: secret.reveal() }
        }),
      ),
    )
  } finally {
    await storage.close()
  }
}
