import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { addApplication, addApplicationSecret, addUser, ensureHomeOrganization, moveUserIn } from '#directory'
import { type Act, systemClock, systemEntropy } from '#kernel'
import { openStorage } from '#storage'
import { migrations } from '../../src/gatehouse.ts'
import { insertArtifact } from '../../src/tokens/artifacts/artifact.store.ts'
import { artifactId } from '../../src/tokens/artifacts/artifact.ts'
import type { BenchClient } from './machines.ts'

export interface Refreshing {
  readonly client: BenchClient
  readonly tokens: string[]
}

/** An application and refresh tokens of as many sign-ins, as a code exchange leaves them, in a database no server has opened. */
export async function prepareRefreshTokens(data: string, count: number): Promise<Refreshing> {
  const deps = { clock: systemClock, entropy: systemEntropy }
  const act: Act = { actor: { type: 'system', name: 'bench' }, requestId: 'bench' }
  const database = { engine: 'sqlite', file: join(data, 'gatehouse.db') } as const
  const storage = await openStorage(database, { clock: systemClock, migrations })
  try {
    const home = await ensureHomeOrganization({ storage, ...deps })
    return await storage.transact(async (tx) => {
      const made = await addUser(tx, deps, act, home.id, { username: 'refresher' })
      const user = await moveUserIn(tx, deps, act, made.id, 'activate')
      const { id: clientId } = await addApplication(tx, deps, act, home.id, {
        name: 'refresher',
        kind: 'web',
        redirectUris: ['https://app.example/callback'],
        scopes: ['openid', 'read'],
        consentRequired: false,
      })
      const { secret } = await addApplicationSecret(tx, deps, act, clientId)
      const resource = `urn:gatehouse:${clientId}`
      const tokens: string[] = []
      for (let index = 0; index < count; index++) {
        const iat = Math.floor(Date.now() / 1_000)
        const token = randomBytes(32).toString('base64url')
        const grantId = randomBytes(32).toString('base64url')
        const common = { clientId, subject: user.id, grantId, sessionId: undefined, issuedAtMs: iat * 1_000 }
        const ends = { expiresAtMs: (iat + 86_400) * 1_000, consumedAtMs: undefined }
        const claims = { iat, exp: iat + 86_400, accountId: user.id, clientId }
        await insertArtifact(tx, {
          ...common,
          ...ends,
          id: artifactId('Grant', grantId),
          kind: 'Grant',
          payload: { ...claims, kind: 'Grant', openid: { scope: 'openid' }, resources: { [resource]: 'openid read' } },
        })
        await insertArtifact(tx, {
          ...common,
          ...ends,
          id: artifactId('RefreshToken', token),
          kind: 'RefreshToken',
          payload: {
            ...claims,
            kind: 'RefreshToken',
            grantId,
            gty: 'authorization_code',
            scope: 'openid read',
            authTime: iat,
            iiat: iat,
            resource,
          },
        })
        tokens.push(token)
      }
      return { client: { id: clientId, secret: secret.reveal() }, tokens }
    })
  } finally {
    await storage.close()
  }
}
