import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { errors } from 'oidc-provider'
import { record } from '#feed'
import { Fault } from '#kernel'
import { traced } from '#web'
import '../events.ts'
import { addNotice } from '../notices/notice.store.ts'
import { StorageAdapter } from '../oidc/adapter.ts'
import { standardScopes } from '../oidc/scopes.ts'
import { sealText } from '../oidc/sealer.ts'
import { Unit } from '../oidc/unit.ts'
import { actorOfPerson } from '../ports.ts'
import { type ApprovalDeps, backchannelKind } from './approvals.ts'

/** Keeps what a person answered, and lets the client know of it. */
export async function answerRequest(
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
    const provider = await protocol.provider()
    const payload = await new StorageAdapter(deps, backchannelKind).findWaiting(id)
    const client = await deps.clients.find(payload?.clientId ?? '')
    const isOpen = payload !== undefined && payload.grantId === undefined && payload.error === undefined
    if (!isOpen || client === undefined || payload.accountId !== person.id) throw new Fault('tokens.request_ended')
    const asked = new provider.BackchannelAuthenticationRequest(payload as never)
    const opens = decision === 'allow' ? await deps.sessions.mayOpen?.(request, client.id) : undefined
    if (opens !== undefined && opens.kind !== 'permit') throw new Fault('tokens.sign_in_policy')
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
