import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errors } from 'oidc-provider'
import { record } from '#feed'
import { type Clock, Fault } from '#kernel'
import type { Storage } from '#storage'
import { refuseCrossSite, traced } from '#web'
import { listWaiting } from '../artifacts/artifact.store.ts'
import type { Artifact } from '../artifacts/artifact.ts'
import '../events.ts'
import type { WriteNotice } from '../notices/deliver-notices.ts'
import { addNotice } from '../notices/notice.store.ts'
import { type AdapterDeps, StorageAdapter } from '../oidc/adapter.ts'
import type { ClientCache } from '../oidc/clients.ts'
import type { Protocol } from '../oidc/protocol.ts'
import { standardScopes } from '../oidc/scopes.ts'
import { type Sealer, sealText, unsealText } from '../oidc/sealer.ts'
import { Unit } from '../oidc/unit.ts'
import { actorOfPerson, type PersonSource, type RenderedPage, type SessionSource, type TokenPages } from '../ports.ts'

export interface ApprovalDeps extends AdapterDeps {
  readonly url: string
  readonly storage: Storage
  readonly clock: Clock
  readonly protocol: Protocol
  readonly clients: ClientCache
  readonly people: PersonSource
  readonly sessions: SessionSource
  readonly pages: TokenPages
  /** Called once there is something to tell a client. */
  readonly hurry: () => void
}

export const requestsPath = '/oauth/requests'
const kind = 'BackchannelAuthenticationRequest'
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
      const page = deps.pages.requests(request, {
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
      await answer(deps, request, it, id, decision)
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
  const found = await listWaiting(storage.db, kind, userId, clock.nowMs())
  return found.filter(({ payload }) => payload.grantId === undefined && payload.error === undefined)
}

async function answer(
  deps: ApprovalDeps,
  request: FastifyRequest,
  it: {
    session: { id: string; authenticatedAtMs: number; amr: readonly string[]; acr?: string }
    person: Parameters<typeof actorOfPerson>[0]
  },
  id: string,
  decision: 'allow' | 'deny',
): Promise<void> {
  const { protocol, clock } = deps
  const { session, person } = it
  const sent = { requestId: request.id, address: request.ip, ...traced(request) }
  const act = { actor: actorOfPerson(person), ...sent, sessionId: session.id }
  const unit = new Unit(deps, act)
  await unit.run(async () => {
    const { provider } = protocol
    const payload = await new StorageAdapter(deps, kind).findWaiting(id)
    const client = await deps.clients.find(payload?.clientId ?? '')
    const isOpen = payload !== undefined && payload.grantId === undefined && payload.error === undefined
    if (!isOpen || client === undefined || payload.accountId !== person.id) throw new Fault('tokens.request_ended')
    const asked = new provider.BackchannelAuthenticationRequest(payload as never)
    if (decision === 'deny') await provider.backchannelResult(asked, new errors.AccessDenied('The person refused'))
    else {
      const grant = new provider.Grant({ accountId: person.id, clientId: client.id })
      const scopes = String(payload.scope ?? '')
      grant.addOIDCScope(
        scopes
          .split(' ')
          .filter((name) => (standardScopes as readonly string[]).includes(name))
          .join(' '),
      )
      for (const resource of [(payload as { resource?: string | string[] }).resource ?? []].flat())
        grant.addResourceScope(resource, scopes)
      await grant.save()
      await provider.backchannelResult(asked, grant, {
        amr: [...session.amr],
        authTime: Math.floor(session.authenticatedAtMs / 1_000),
        ...(session.acr !== undefined && { acr: session.acr }),
      })
    }
    const atMs = clock.nowMs()
    const token = (payload.params as Record<string, string | undefined> | undefined)?.client_notification_token
    await unit.commit(200, async (tx) => {
      if (client.oauth.cibaDelivery === 'ping' && token !== undefined) {
        const noticeId = hash('sha256', `ping ${id}`, 'base64url')
        const detail = sealText(deps.sealer, JSON.stringify({ auth_req_id: payload.jti, token }), noticeId)
        const untilMs = (payload.exp as number) * 1_000
        await addNotice(tx, { id: noticeId, kind: 'ciba_ping', clientId: client.id, detail, nextAtMs: atMs, untilMs })
      }
      await record(tx, act, {
        type: 'tokens.sign_in_answered',
        atMs,
        organizationId: person.organizationId,
        object: { type: 'User', id: person.id, name: person.username },
        touches: [],
        data: { clientId: client.id, decision },
      })
    })
  })
  deps.hurry()
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
