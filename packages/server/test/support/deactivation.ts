import { join } from 'node:path'
import { addApplication, addMachine, addMachineSecret, addUser, moveMachine, moveUserIn } from '#directory'
import { type Act, systemClock, systemEntropy } from '#kernel'
import { startTestServer } from './server.ts'

const samples = 100
const origin = 'https://docs.bench.example'

/** From the answer to a deactivation until the gateway's question about a token of that machine is answered by 401, in ms. */
export async function measureDeactivation(directory: string): Promise<number[]> {
  const address = { engine: 'sqlite', file: join(directory, 'gatehouse.db') } as const
  const scratch = { address, directory, remove: async () => undefined }
  const server = await startTestServer(scratch, { environment: { GATEHOUSE_LOG_LEVEL: 'warn' } })
  const act: Act = { actor: { type: 'bootstrap', name: 'bench' }, requestId: 'bench' }
  const changing = { clock: systemClock, entropy: systemEntropy }
  const { storage, url } = server
  try {
    const home = await storage.db.selectFrom('organizations').select('id').executeTakeFirstOrThrow()
    const machines = await storage.transact(async (tx) => {
      const made = await addUser(tx, changing, act, home.id as never, { username: 'bench' })
      const owner = await moveUserIn(tx, changing, act, made.id, 'activate')
      const application = { name: 'docs', kind: 'web', origins: [origin], scopes: ['read'] } as const
      await addApplication(tx, changing, act, home.id as never, application)
      const all: { id: string; secret: string }[] = []
      for (let index = 0; index < samples; index++) {
        const input = { name: `bench-${index}`, owner: owner.id, scopes: ['read'] }
        const machine = await addMachine(tx, changing, act, home.id as never, input)
        const { secret } = await addMachineSecret(tx, changing, act, machine.id)
        all.push({ id: machine.id, secret: secret.reveal() })
      }
      return all
    })
    const ask = async (token: string) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'x-forwarded-method': 'GET',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': new URL(origin).host,
        'x-forwarded-uri': '/',
      }
      const response = await fetch(`${url}/forward-auth`, { headers })
      await response.arrayBuffer()
      return response.status
    }
    const deps = { storage, ...changing, gate: server.authorization.gate }
    const latencies: number[] = []
    for (const { id, secret } of machines) {
      const answer = await fetch(`${url}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: origin }),
      })
      const { access_token: token } = (await answer.json()) as { access_token: string }
      for (let tries = 0; (await ask(token)) === 401; tries++)
        if (tries > 200) throw new Error('the gateway never knew the machine')
      await moveMachine(deps, act, id as never, 'deactivate')
      const from = performance.now()
      while ((await ask(token)) !== 401) if (performance.now() - from > 10_000) throw new Error('never denied')
      latencies.push(performance.now() - from)
    }
    return latencies
  } finally {
    await server.close()
  }
}
