import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { record } from '#feed'
import { type Clock, Fault } from '#kernel'
import type { Storage } from '#storage'
import { refuseCrossSite, traced } from '#web'
import '../events.ts'
import type { ClientCache } from '../oidc/clients.ts'
import { claimScope } from '../oidc/grants.ts'
import { paths } from '../oidc/paths.ts'
import type { Protocol } from '../oidc/protocol.ts'
import { rememberRequest } from '../oidc/request.ts'
import { findNamedClient } from '../oidc/resources.ts'
import { Unit } from '../oidc/unit.ts'
import {
  actorOfPerson,
  type PersonSource,
  type RegisteredClient,
  type RenderedPage,
  type SessionSource,
  type TokenPages,
} from '../ports.ts'
import { addConsent } from './consent.store.ts'

export interface ConsentDeps {
  readonly url: string
  readonly storage: Storage
  readonly clock: Clock
  readonly protocol: Protocol
  readonly clients: ClientCache
  readonly people: PersonSource
  readonly sessions: SessionSource
  readonly pages: TokenPages
}

/** The page that asks whether an application may act for a person, and its answer. */
export async function mountConsent(app: FastifyInstance, deps: ConsentDeps): Promise<void> {
  const url = `${paths.consent}/:uid`
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 4_096 },
      (_request, body, done) => done(null, new URLSearchParams(body as string)),
    )

    scope.get(url, async (request, reply) => {
      const asked = await open(deps, request, reply)
      const page = await deps.pages.consent(request, {
        organizationId: asked.client.organizationId,
        application: asked.client.name,
        person: asked.person.username,
        scopes: asked.scopes,
        others: asked.others.map(({ name }) => name),
        details: asked.rar.map(({ type, ...rest }) => ({
          type: String(type),
          says: JSON.stringify(rest, undefined, 2),
        })),
        action: `${paths.consent}/${asked.uid}`,
        csrf: csrfOf(asked),
        goesTo: whereNext(asked.params.redirect_uri),
        uiLocales: asked.params.ui_locales,
      })
      return send(reply, page)
    })

    scope.post(url, async (request, reply) => {
      refuseCrossSite(request, deps.url)
      const asked = await open(deps, request, reply)
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      const given = Buffer.from(form.get('csrf') ?? '')
      const expected = Buffer.from(csrfOf(asked))
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Fault('web.cross_site')
      const decision = form.get('decision')
      if (decision !== 'allow' && decision !== 'deny')
        throw new Fault('web.invalid', { detail: 'decision must be allow or deny' })
      await answer(deps, request, asked, decision)
      const path = asked.interaction.deviceCode === undefined ? paths.authorization : paths.code_verification
      return send(reply, await deps.pages.onward(request, `${path}/${asked.uid}`))
    })
  })
}

/** The origin people go to, the scheme of an app's own address, or the device that asked. */
function whereNext(redirectUri: unknown): string | undefined {
  if (typeof redirectUri !== 'string') return undefined
  const { origin, protocol } = new URL(redirectUri)
  return origin === 'null' ? protocol : origin
}

/** Made of what only the stored request knows, and bound to the session. */
const csrfOf = ({ interaction, session }: Asked): string =>
  hash('sha256', `consent ${(interaction as { cid?: string }).cid} ${session.id}`, 'base64url')

/** What the provider found missing in the grant. */
interface MissingDetails {
  readonly missingOIDCScope?: string[]
  readonly missingOIDCClaims?: string[]
  readonly missingResourceScopes?: Record<string, string[]>
  /** RFC 9396: asked for each time. */
  readonly rar?: readonly Readonly<Record<string, unknown>>[]
}

type Asked = Awaited<ReturnType<typeof open>>

/** What is asked of whom. @throws {Fault} `tokens.request_ended` when the request or the session is gone, or is another's */
async function open(deps: ConsentDeps, request: FastifyRequest, reply: FastifyReply) {
  rememberRequest(request)
  const { uid } = request.params as { uid: string }
  const unit = new Unit(deps, {
    actor: { type: 'anonymous', name: 'anonymous' },
    requestId: request.id,
    address: request.ip,
  })
  const provider = await deps.protocol.provider()
  const interaction = await unit
    .run(() => provider.interactionDetails(request.raw, reply.raw))
    .catch((cause) => {
      throw new Fault('tokens.request_ended', { cause })
    })
  const session = await deps.sessions.ofRequest(request)
  if (interaction.uid !== uid || interaction.prompt.name !== 'consent') throw new Fault('tokens.request_ended')
  if (session === undefined || interaction.session?.uid !== session.id) throw new Fault('tokens.request_ended')
  const client = await deps.clients.find(String(interaction.params.client_id))
  const person = await deps.people.find(session.userId)
  if (client === undefined || person === undefined) throw new Fault('tokens.request_ended')
  const details = interaction.prompt.details as MissingDetails
  const claims = (details.missingOIDCClaims ?? []).map(claimScope)
  const asked = String(interaction.params.scope ?? '').split(' ')
  const scopes = [...asked.filter((scope) => scope !== ''), ...claims]
  const missing = details.missingResourceScopes ?? {}
  const named = await Promise.all(Object.keys(missing).map((resource) => findNamedClient(resource, deps.clients)))
  const others = named.filter((other) => other !== undefined && other.id !== client.id) as RegisteredClient[]
  const { rar = [] } = details
  return { uid, interaction, params: interaction.params, session, client, person, scopes, others, rar }
}

/** Keeps the answer for next time (an allowance) and lets the request go on. */
async function answer(
  deps: ConsentDeps,
  request: FastifyRequest,
  asked: Asked,
  decision: 'allow' | 'deny',
): Promise<void> {
  const { interaction, client, person, session } = asked
  const scopes = [...asked.scopes, ...asked.others.map(({ id }) => id)]
  const sent = { requestId: request.id, address: request.ip, ...traced(request) }
  const act = { actor: actorOfPerson(person), ...sent, sessionId: session.id }
  const unit = new Unit(deps, act)
  const atMs = deps.clock.nowMs()
  await unit.run(async () => {
    if (decision === 'deny') {
      interaction.result = { error: 'access_denied', error_description: 'The person refused' }
    } else {
      const { Grant } = await deps.protocol.provider()
      const found = interaction.grantId === undefined ? undefined : await Grant.find(interaction.grantId)
      const grant = found ?? new Grant({ accountId: person.id, clientId: client.id })
      const details = interaction.prompt.details as MissingDetails
      if (details.missingOIDCScope) grant.addOIDCScope(details.missingOIDCScope.join(' '))
      if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims)
      for (const [resource, missing] of Object.entries(details.missingResourceScopes ?? {}))
        grant.addResourceScope(resource, missing.join(' '))
      for (const detail of asked.rar) grant.addRar(detail as never)
      interaction.result = { ...interaction.lastSubmission, consent: { grantId: await grant.save() } }
    }
    await interaction.save(Math.max(1, interaction.exp - Math.floor(Date.now() / 1_000)))
    await unit.commit(200, async (tx) => {
      if (decision === 'allow')
        await addConsent(tx, { userId: person.id, clientId: client.id, scopes, givenAtMs: atMs })
      await record(tx, act, {
        type: decision === 'allow' ? 'tokens.consent_given' : 'tokens.consent_refused',
        atMs,
        organizationId: person.organizationId,
        object: { type: 'User', id: person.id, name: person.username },
        touches: [],
        data: { clientId: client.id, scopes },
      })
    })
  })
}

function send(reply: FastifyReply, page: RenderedPage): FastifyReply {
  return reply
    .headers({ 'referrer-policy': 'same-origin', ...page.headers })
    .type('text/html; charset=utf-8')
    .send(page.html)
}
