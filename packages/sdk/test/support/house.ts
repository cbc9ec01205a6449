// A real server with the example company, for tests of the SDK against it.
import { randomUUID } from 'node:crypto'
import { Gatehouse, type GatehouseOptions } from '@gatehouse/sdk'
import { type AcmeClient, applyAcme } from '../../../server/test/support/acme-house.ts'
import { type Api, operator, startApi } from '../../../server/test/support/api.ts'
import { type Scratch, scratchDatabase } from '../../../server/test/support/engines.ts'

export interface House extends AcmeClient {
  readonly api: Api
  readonly scratch: Scratch
  /** For files of the test. */
  readonly directory: string
  readonly organizationId: string
  readonly errors: unknown[]
  idOf(kind: 'users' | 'machines', name: string): Promise<string>
  /** An access token for the application, signed by the server's own key. */
  mint(sub: string, more?: Record<string, unknown>, header?: Record<string, unknown>): string
  gatehouse(more?: Partial<GatehouseOptions>): Gatehouse
  /** Lets the application hold its own replica. */
  grantReplica(): Promise<void>
}

export async function inHouse(
  body: (house: House) => Promise<void>,
  engine: Scratch['address']['engine'] = 'sqlite',
): Promise<void> {
  const scratch = await scratchDatabase(engine)
  const api = await startApi(scratch)
  const made: Gatehouse[] = []
  const errors: unknown[] = []
  try {
    const client = await applyAcme(api)
    const { applicationId: application, secret: clientSecret, organizationId } = client
    await body({
      ...client,
      api,
      scratch,
      directory: scratch.directory,
      errors,
      idOf: async (kind, name) => {
        const { body: page } = await api.call('GET', `/api/${kind}?organizationId=${organizationId}`)
        return page.items.find((one: Record<string, string>) => one.username === name || one.name === name).id
      },
      mint: (sub, more = {}, header = {}) => {
        const { kid } = api.keyring.activeKey('ES256')
        const now = Math.floor(Date.now() / 1_000)
        const claims = {
          iss: api.url,
          aud: application,
          sub,
          client_id: application,
          jti: randomUUID(),
          iat: now,
          exp: now + 300,
          org: organizationId,
          ...more,
        }
        const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
        const signed = `${encode({ alg: 'ES256', typ: 'at+jwt', kid, ...header })}.${encode(claims)}`
        return `${signed}.${Buffer.from(api.keyring.sign(kid, Buffer.from(signed))).toString('base64url')}`
      },
      gatehouse: (more = {}) => {
        const gatehouse = new Gatehouse({
          url: api.url,
          application,
          client: { clientId: application, clientSecret },
          onError: (error) => errors.push(error),
          ...more,
        })
        made.push(gatehouse)
        return gatehouse
      },
      grantReplica: async () => {
        const uid = { type: 'Application', id: application }
        const granted = await api.call(
          'POST',
          '/api/grants',
          { role: 'replica', principal: uid, resource: uid, why: 'it decides for itself' },
          { actor: operator },
        )
        if (granted.status !== 201) throw new Error(JSON.stringify(granted.body))
      },
    })
  } finally {
    for (const gatehouse of made) await gatehouse.close()
    // An aborted request may leave a connection that never asked anything: it would hold the end up.
    api.web.app.server.closeAllConnections()
    await api.close()
    await scratch.remove()
  }
}

/** Waits until something holds. @throws when it does not within a while */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<number> {
  const startedAt = performance.now()
  while (!(await holds())) {
    if (performance.now() - startedAt > withinMs) throw new Error(`${what}: not within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return performance.now() - startedAt
}
