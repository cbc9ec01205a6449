// Bare `oidc-provider` in memory, as its documentation starts it, with the same clients and the same kind of token: ES256, a JWT
// of the same lifetime, client secrets by header. No storage, no event, no directory. Prints refresh tokens, as a JSON array, when it listens.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const { clients } = JSON.parse(process.argv[2] as string) as { clients: { id: string; secret: string }[] }
const port = Number(process.argv[3])
const issuer = `http://localhost:${port}`
const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
// What the provider says about its development adapter is known here.
console.warn = () => undefined
console.info = () => undefined
const provider = new Provider(issuer, {
  jwks: { keys: [{ ...jwk, alg: 'ES256', use: 'sig' }] as never },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:bench',
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'read',
        audience: 'bench',
        accessTokenTTL: 900,
        accessTokenFormat: process.argv[4] === 'opaque' ? ('opaque' as const) : ('jwt' as const),
        jwt: { sign: { alg: 'ES256' as const } },
      }),
    },
  },
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  expiresWithSession: () => false,
  scopes: ['openid', 'offline_access'],
  clients: clients.map(({ id, secret }) => ({
    client_id: id,
    client_secret: secret,
    redirect_uris: ['https://app.example/callback'],
    response_types: ['code' as const],
    grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
  })),
})
/** Refresh tokens of as many sign-ins, as a code exchange leaves them. */
const client = await provider.Client.find(clients[0]?.id as string)
const refreshTokens: string[] = []
for (let index = 0; index < 512 && client !== undefined; index++) {
  const grant = new provider.Grant({ accountId: 'user', clientId: client.clientId })
  grant.addOIDCScope('openid')
  grant.addResourceScope('urn:bench', 'openid read')
  const grantId = await grant.save()
  const token = new provider.RefreshToken({
    client,
    accountId: 'user',
    grantId,
    gty: 'authorization_code',
    scope: 'openid read',
    authTime: Math.floor(Date.now() / 1_000),
    resource: 'urn:bench',
  } as never)
  refreshTokens.push(await token.save())
}
createServer(provider.callback()).listen(port, '127.0.0.1', () => console.log(JSON.stringify(refreshTokens)))
