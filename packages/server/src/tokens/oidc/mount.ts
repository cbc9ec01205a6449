import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { step } from '#kernel'
import { paths } from './paths.ts'
import type { Protocol } from './protocol.ts'
import { rememberRequest } from './request.ts'

/** Routes that the provider answers, and why each is open to anybody: they authenticate by the protocol itself. */
export const protocolRoutes: readonly { method: 'GET' | 'POST' | 'OPTIONS'; url: string; why: string }[] = [
  { method: 'GET', url: '/.well-known/openid-configuration', why: 'discovery (OpenID Connect Discovery §4)' },
  { method: 'GET', url: '/.well-known/oauth-authorization-server', why: 'discovery (RFC 8414 §3)' },
  { method: 'GET', url: paths.jwks, why: 'public keys (RFC 7517)' },
  {
    method: 'GET',
    url: paths.authorization,
    why: 'the browser of a person who may not be signed in yet (RFC 6749 §3.1)',
  },
  { method: 'GET', url: `${paths.authorization}/:uid`, why: 'the same, back from the sign-in page' },
  { method: 'POST', url: paths.pushed_authorization_request, why: 'the client authenticates (RFC 9126 §2)' },
  { method: 'POST', url: paths.token, why: 'the client authenticates (RFC 6749 §3.2)' },
  { method: 'GET', url: paths.userinfo, why: 'an access token (OpenID Connect Core §5.3)' },
  { method: 'POST', url: paths.userinfo, why: 'an access token (OpenID Connect Core §5.3)' },
  { method: 'POST', url: paths.introspection, why: 'the client authenticates (RFC 7662 §2.1)' },
  { method: 'POST', url: paths.revocation, why: 'the client authenticates (RFC 7009 §2.1)' },
  {
    method: 'GET',
    url: paths.end_session,
    why: 'asks before it ends the session (OpenID Connect RP-Initiated Logout §2)',
  },
  { method: 'POST', url: `${paths.end_session}/confirm`, why: "the sign-out form's own secret" },
  { method: 'GET', url: `${paths.end_session}/success`, why: 'says that nothing is left' },
  { method: 'POST', url: paths.device_authorization, why: 'the client authenticates (RFC 8628 §3.1)' },
  { method: 'GET', url: paths.code_verification, why: 'asks for the code that a device shows (RFC 8628 §3.3)' },
  { method: 'POST', url: paths.code_verification, why: "the form's own secret, and a sign-in after it" },
  { method: 'GET', url: `${paths.code_verification}/:uid`, why: 'the same, back from the sign-in page' },
  { method: 'POST', url: paths.backchannel_authentication, why: 'the client authenticates (OpenID Connect CIBA §7.1)' },
  ...[
    paths.token,
    paths.userinfo,
    paths.jwks,
    paths.introspection,
    paths.revocation,
    paths.pushed_authorization_request,
    paths.device_authorization,
  ].map((url) => ({
    method: 'OPTIONS' as const,
    url,
    why: 'browsers ask before they call across origins (Fetch, CORS)',
  })),
]

/** Pages that applications may lead people to by a form as well. */
const postedPages = [{ url: paths.authorization }, { url: paths.end_session }]

/** Longer requests are no OAuth. */
const bodyLimit = 56 * 1024

/** Puts the provider's routes into the web shell, in a context of their own: the provider reads bodies itself. */
export async function mountProtocol(
  app: FastifyInstance,
  protocol: Protocol,
  url: string,
  introspect: (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>,
): Promise<void> {
  const isHttps = url.startsWith('https:')
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => done(null, body))
    const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      const handle = await protocol.handler()
      const { raw } = request
      // Where it comes from is read from the headers each time: it is kept before they go, for limits, policies and the record.
      Object.defineProperty(request, 'ip', { value: request.ip })
      // The provider believes these; only our own configuration says how we are reached.
      for (const name of ['forwarded', 'x-forwarded-for', 'x-forwarded-host']) delete raw.headers[name]
      raw.headers['x-forwarded-proto'] = isHttps ? 'https' : 'http'
      rememberRequest(request)
      reply.hijack()
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value)
      await handle(raw, reply.raw)
    }
    const introspection = async (request: FastifyRequest, reply: FastifyReply) =>
      (await introspect(request, reply)) ? reply : handler(request, reply)
    // OpenID Connect Discovery §3: RS256 must be among what ID tokens are signed with; its key is made when somebody first asks.
    const discovery = async (request: FastifyRequest, reply: FastifyReply) => {
      await protocol.offerEverything()
      return handler(request, reply)
    }
    const token = (request: FastifyRequest, reply: FastifyReply) =>
      step('issue token', {}, async () => ((await protocol.issueOwn(request, reply)) ? reply : handler(request, reply)))
    // A request by POST (OpenID Connect Core §3.1.2.1) goes on as a GET of our own origin: only then do browsers send our cookies.
    const asGet = async (request: FastifyRequest, reply: FastifyReply) => {
      const form = new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '')
      return reply.redirect(`${request.url.split('?')[0]}?${form}`, 303)
    }
    for (const { url: path } of postedPages) scope.route({ method: 'POST', url: path, handler: asGet })
    for (const { method, url: path } of protocolRoutes) {
      const quick = method === 'POST' ? { [paths.introspection]: introspection, [paths.token]: token }[path] : undefined
      const asked = path.startsWith('/.well-known/') ? discovery : undefined
      scope.route({ method, url: path, handler: quick ?? asked ?? handler })
    }
  })
}
