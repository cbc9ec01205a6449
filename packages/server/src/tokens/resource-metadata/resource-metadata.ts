import type { FastifyInstance } from 'fastify'
import { type ApplicationId, isId } from '#kernel'
import type { ClientCache } from '../oidc/clients.ts'
import { resourceOf } from '../oidc/resources.ts'
import { apiScope, standardScopes } from '../oidc/scopes.ts'
import { challenges } from '../verify/bearer.ts'

const path = '/.well-known/oauth-protected-resource'

/**
 * Protected resource metadata (RFC 9728): of our own API, and of each application for it to serve on its own host. A 401 of our
 * API says where the former is (§5.1).
 */
export function mountResourceMetadata(
  app: FastifyInstance,
  { url, clients }: { readonly url: string; readonly clients: ClientCache },
): void {
  const common = {
    authorization_servers: [url],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256'],
    tls_client_certificate_bound_access_tokens: true,
  }
  app.get(path, async (_request, reply) =>
    reply
      .header('cache-control', 'public, max-age=300')
      .header('access-control-allow-origin', '*')
      .send({ resource: url, resource_name: 'Gatehouse', scopes_supported: [apiScope], ...common }),
  )
  app.get(`${path}/:applicationId`, async (request, reply) => {
    const { applicationId } = request.params as { applicationId: string }
    const found = isId('app', applicationId) ? await clients.find(applicationId as ApplicationId) : undefined
    if (found === undefined) return reply.code(404).send({ error: 'not_found' })
    const scopes = found.scopes.filter((scope) => !(standardScopes as readonly string[]).includes(scope))
    return reply
      .header('cache-control', 'public, max-age=300')
      .header('access-control-allow-origin', '*')
      .send({ resource: found.origins?.[0] ?? resourceOf(found.id), scopes_supported: scopes, ...common })
  })
  const challenge = `Bearer resource_metadata="${url}${path}"`
  // Every answer passes here: none is made to wait for a promise.
  app.addHook('onSend', (request, reply, payload, done) => {
    const asked = challenges.get(request)
    if (asked !== undefined) reply.header('www-authenticate', `${asked}, resource_metadata="${url}${path}"`)
    else if (reply.statusCode === 401 && reply.getHeader('www-authenticate') === 'Bearer')
      reply.header('www-authenticate', challenge)
    done(null, payload)
  })
}
