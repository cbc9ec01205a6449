import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Web } from '#web'
import type { AnswerGateway } from '../forward-auth/answer-gateway.ts'
import { identityHeaders, questionOf } from './gateway-request.ts'

const prefix = '/ext-authz'
const identity: ReadonlySet<string> = new Set(identityHeaders)

/**
 * Envoy's ext_authz over HTTP: the request comes as the client sent it, with `path_prefix: /ext-authz` before its path, its own `Host` and
 * method, and `X-Forwarded-Proto` as Envoy knows it. The answer is forward-auth's.
 */
export function addExtAuthz(web: Pick<Web, 'app'>, answer: AnswerGateway): void {
  const handle = (request: FastifyRequest, reply: FastifyReply) => {
    const headers = new Map<string, string>()
    for (const [name, value] of Object.entries(request.headers))
      if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
    // Twice, one is the client's own: Node has joined them, and what is joined is no scheme.
    const scheme = headers.get('x-forwarded-proto') ?? ''
    const path = (request.raw.url as string).slice(prefix.length)
    const described = {
      id: request.id,
      method: request.method,
      scheme,
      host: headers.get('host') ?? '',
      path,
      headers,
      address: request.ip,
    }
    // Envoy removes last: the four that the answer itself overwrites must not stand here.
    const remove = [...headers.keys()].filter((name) => name.startsWith('gatehouse-') && !identity.has(name))
    if (remove.length > 0) reply.header('x-envoy-auth-headers-to-remove', remove.join(', '))
    return answer(questionOf(web.app, described), reply, 'ext-authz')
  }
  web.app.register(async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.route({
      method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url: `${prefix}/*`,
      exposeHeadRoute: false,
      handler: handle,
    })
  })
}
