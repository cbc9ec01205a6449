import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '#kernel'
import { refuseCrossSite } from '#web'
import { actorOfPerson, type PersonSource, type RenderedPage, type SessionSource, type TokenPages } from '../ports.ts'
import { listOwnApplications, type OwnApplicationsDeps, withdrawApplication } from './own-applications.ts'

interface Deps extends OwnApplicationsDeps {
  readonly url: string
  readonly people: PersonSource
  readonly sessions: SessionSource
  readonly pages: TokenPages
}

export const ownApplicationsPath = '/account/applications'

/** The part of the account page that is about applications: which act for me, and an end to it. */
export async function mountOwnApplications(app: FastifyInstance, deps: Deps): Promise<void> {
  const visitor = async (request: FastifyRequest) => {
    const session = await deps.sessions.ofRequest(request)
    const person = session && (await deps.people.find(session.userId))
    return session === undefined || person === undefined ? undefined : { session, person }
  }
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 4_096 },
      (_request, body, done) => done(null, new URLSearchParams(body as string)),
    )
    scope.get(ownApplicationsPath, async (request, reply) => {
      const it = await visitor(request)
      if (it === undefined)
        return reply.redirect(`/sign-in?${new URLSearchParams({ return_to: ownApplicationsPath })}`, 303)
      const { withdrawn } = request.query as { withdrawn?: string }
      const page = await deps.pages.applications(request, {
        organizationId: it.person.organizationId,
        person: it.person.username,
        applications: (await listOwnApplications(deps, it.person.id)).map((each) => ({
          ...each,
          action: `${ownApplicationsPath}/${encodeURIComponent(each.clientId)}/withdraw`,
          fields: { csrf: csrfOf(each.clientId, it.session.id) },
        })),
        withdrawn: withdrawn !== undefined,
      })
      return send(reply, page)
    })
    scope.post(`${ownApplicationsPath}/:clientId/withdraw`, async (request, reply) => {
      refuseCrossSite(request, deps.url)
      const it = await visitor(request)
      if (it === undefined) throw new Fault('tokens.request_ended')
      const { clientId } = request.params as { clientId: string }
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      const [given, expected] = [Buffer.from(form.get('csrf') ?? ''), Buffer.from(csrfOf(clientId, it.session.id))]
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Fault('web.cross_site')
      const { person, session } = it
      const act = { actor: actorOfPerson(person), requestId: request.id, address: request.ip, sessionId: session.id }
      await withdrawApplication(deps, act, person, clientId)
      return reply.redirect(`${ownApplicationsPath}?withdrawn=yes`, 303)
    })
  })
}

const csrfOf = (clientId: string, sessionId: string): string =>
  hash('sha256', `withdraw ${clientId} ${sessionId}`, 'base64url')

function send(reply: FastifyReply, page: RenderedPage): FastifyReply {
  return reply
    .headers({ 'referrer-policy': 'same-origin', ...page.headers })
    .type('text/html; charset=utf-8')
    .send(page.html)
}
