import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '#kernel'
import { refuseCrossSite } from '#web'
import { listWaiting } from '../artifacts/artifact.store.ts'
import type { Artifact } from '../artifacts/artifact.ts'
import type { WriteNotice } from '../notices/deliver-notices.ts'
import { type Sealer, unsealText } from '../oidc/sealer.ts'
import type { RenderedPage } from '../ports.ts'
import { type ApprovalDeps, backchannelKind } from './approvals.ts'

export const requestsPath = '/oauth/requests'
const told = { allow: 'allow', deny: 'deny' } as const

/** The page on which people answer applications that asked while they were elsewhere (OpenID Connect CIBA Core 1.0 §8). */
export async function mountApprovals(app: FastifyInstance, deps: ApprovalDeps): Promise<void> {
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
    scope.get(requestsPath, async (request, reply) => {
      const it = await visitor(request)
      if (it === undefined) return reply.redirect(`/sign-in?${new URLSearchParams({ return_to: requestsPath })}`, 303)
      const { answered } = request.query as { answered?: string }
      const waiting = await openRequests(deps, it.person.id)
      const requests = await Promise.all(
        waiting.map(async (artifact) => ({
          application: (await deps.clients.find(artifact.clientId ?? ''))?.name ?? '',
          scopes: scopesOf(artifact),
          message: messageOf(artifact),
          atMs: artifact.issuedAtMs,
          action: `${requestsPath}/${artifact.id}`,
          fields: { csrf: csrfOf(artifact.id, it.session.id) },
        })),
      )
      const page = await deps.pages.requests(request, {
        person: it.person.username,
        requests,
        answered: answered === 'allow' || answered === 'deny' ? told[answered] : undefined,
      })
      return send(reply, page)
    })
    scope.post(`${requestsPath}/:id`, async (request, reply) => {
      refuseCrossSite(request, deps.url)
      const it = await visitor(request)
      if (it === undefined) throw new Fault('tokens.request_ended')
      const { id } = request.params as { id: string }
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      const [given, expected] = [Buffer.from(form.get('csrf') ?? ''), Buffer.from(csrfOf(id, it.session.id))]
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Fault('web.cross_site')
      const decision = form.get('decision')
      if (decision !== 'allow' && decision !== 'deny')
        throw new Fault('web.invalid', { detail: 'decision must be allow or deny' })
      const { answerRequest } = await import('./answer-request.ts')
      await answerRequest(deps, request, it, id, decision)
      return reply.redirect(`${requestsPath}?answered=${decision}`, 303)
    })
  })
}

const csrfOf = (id: string, sessionId: string): string => hash('sha256', `request ${id} ${sessionId}`, 'base64url')
const scopesOf = ({ payload }: Artifact): string[] =>
  String(payload.scope ?? '')
    .split(' ')
    .filter(Boolean)
const paramsOf = ({ payload }: Artifact) => (payload.params ?? {}) as Record<string, string | undefined>
const messageOf = (artifact: Artifact): string | undefined => paramsOf(artifact).binding_message

async function openRequests({ storage, clock }: ApprovalDeps, userId: string): Promise<Artifact[]> {
  const found = await listWaiting(storage.db, backchannelKind, userId, clock.nowMs())
  return found.filter(({ payload }) => payload.grantId === undefined && payload.error === undefined)
}

/** The ping: the client asks the token endpoint once it has it (CIBA §10.2). */
export function writePing(sealer: Sealer): WriteNotice {
  return async (notice, client) => {
    const { cibaNotificationUri } = client.oauth
    if (cibaNotificationUri === undefined) return undefined
    const { auth_req_id, token } = JSON.parse(await unsealText(sealer, notice.detail, notice.id)) as Record<
      string,
      string
    >
    return {
      url: cibaNotificationUri,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ auth_req_id }),
    }
  }
}

function send(reply: FastifyReply, page: RenderedPage): FastifyReply {
  return reply
    .headers({ 'referrer-policy': 'same-origin', ...page.headers })
    .type('text/html; charset=utf-8')
    .send(page.html)
}
