import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Act, Fault, type Meter } from '#kernel'
import type { Web } from '#web'
import { requireAskedApplication } from '../authzen/caller.ts'
import type { OwnTokens } from '../authzen/own-token.ts'
import type { AuthorizationDeps } from '../deps.ts'
import { actorsIn, entityOfId } from '../entities/actors.ts'
import type { EntityUid } from '../entities/source.ts'
import type { GatewayMemory } from '../forward-auth/gateway-memory.ts'
import type { IdentityTokens } from '../forward-auth/identity-token.ts'
import type { SessionFinder, TokenVerifier } from '../forward-auth/ports.ts'
import { principalOf } from '../gate/principal.ts'
import type { Journal } from '../journal/journal.ts'
import type { Recorder } from '../journal/recorder.ts'
import { isStreamName, readBatch } from './batch.ts'
import { ReplicaCursors } from './cursor.ts'
import { NodeFreshness } from './freshness.ts'
import type { CursorSealer, RevocationSource } from './ports.ts'
import { nameUnnamed, ReplicaRegister } from './replica-register.ts'
import { followReplica } from './replica-stream.ts'
import { replicaOperations } from './replicas.routes.ts'
import { followRevocations } from './revocation-stream.ts'
import { standingOf } from './standing.ts'
import { Streams } from './streams.ts'
import { BatchTaker } from './take-batch.ts'

const jsonMost = 2 ** 20

export interface ReplicaDeps extends AuthorizationDeps {
  readonly journal: Journal
  readonly recorder: Recorder
  readonly ownTokens: OwnTokens
  readonly tokens: TokenVerifier
  readonly sessions: SessionFinder
  readonly revocations: RevocationSource
  readonly memory: GatewayMemory
  readonly identities: IdentityTokens
  readonly keyring: CursorSealer
  readonly meter: Meter
  readonly onError: (where: string, error: unknown) => void
}

/**
 * What applications follow, to check tokens and to decide for themselves: `/access/v1/revocations` and `/access/v1/replica`, streams
 * of one JSON object a line, and `/access/v1/journal`, where the decisions they made come in.
 */
export function addReplica(web: Web, deps: ReplicaDeps): void {
  const { storage, clock, entropy, snapshot, revocations } = deps
  const nowMs = () => performance.now()
  const decided = new NodeFreshness({ storage, clock, position: () => snapshot.position, nowMs })
  const revoked = new NodeFreshness({ storage, clock, position: () => revocations.position, nowMs })
  const onBeat = async () => {
    await decided.ask()
    await revoked.ask()
  }
  const streams = new Streams({ entropy, meter: deps.meter, onBeat, onError: deps.onError })
  const cursors = new ReplicaCursors(deps.keyring)
  const taker = new BatchTaker(deps)
  const batches = deps.meter.counter(
    'authorization_edge_batches_total',
    'Batches of decisions that applications made themselves, by whether they were taken',
    ['outcome'],
  )
  const register = new ReplicaRegister({ storage, clock, node: deps.journal.node, onError: deps.onError })
  web.add(...replicaOperations(deps, register))
  web.app.addHook('preClose', async () => streams.close())
  web.app.addHook('onClose', async () => register.settle())
  const watched = { tokens: deps.tokens, sessions: deps.sessions, clock, url: web.url }
  const actOf = async (request: FastifyRequest): Promise<Act> => {
    const actor = deps.ownTokens.actorOf(request)
    return actor === undefined ? web.actOf(request) : { actor, requestId: request.id, address: request.ip }
  }

  web.app.get('/access/v1/revocations', async (request, reply) => {
    const act = await actOf(request)
    const { actor, within } = act
    if (actor.type === 'anonymous') throw new Fault('web.unauthenticated')
    if ((actor.type !== 'application' && actor.type !== 'machine') || within?.includes('replicate') === false)
      throw new Fault('authorization.denied', { detail: 'only applications and machines follow revocations' })
    const principal = principalOf({ actor, requestId: request.id })
    await revoked.ask()
    return streams.serve(reply, 'revocations', standingOf(watched, request, act), (stream) => {
      const { beat, first, stop } = followRevocations(
        { snapshot, revocations, freshness: revoked },
        actor.organizationId,
        stream,
      )
      const isFit = () => principal !== undefined && snapshot.directory.stateOf(principal) === 'fit'
      return { beat: () => (isFit() ? beat() : stream.end()), first, stop }
    })
  })

  web.app.get('/access/v1/replica', async (request, reply) => {
    const act = await actOf(request)
    const principal = principalOf(act)
    if (principal === undefined) throw new Fault('web.unauthenticated')
    const application = requireAskedApplication({ ...deps, nowMs: clock.nowMs() }, request, act, false)
    const resource = { type: 'Application', id: application.id }
    deps.gate.require(act, 'replicate', resource)
    const { after, stream: name } = request.query as { after?: unknown; stream?: unknown }
    const place = await cursors.read(application.id, after)
    await decided.ask()
    const action = { type: 'Gatehouse::Action', id: 'replicate' }
    const mayStill = () => snapshot.decideOwn({ principal, action, resource }, clock.nowMs()).allow
    return streams.serve(reply, 'replica', standingOf(watched, request, act), (stream) => {
      const { beat, first, stop, told } = followReplica(
        { storage, clock, snapshot, cursors, freshness: decided, memory: deps.memory },
        application.id,
        place,
        mayStill,
        stream,
      )
      const called = isStreamName(name) ? name : nameUnnamed(entropy)
      const gone = register.open({ application: application.id, stream: called, principal, told })
      return {
        beat,
        first,
        stop: () => {
          stop()
          gone()
        },
      }
    })
  })

  // A gateway's replica holds no key: who it has verified is signed here, of tokens that this application may see anyway.
  web.app.post('/access/v1/identity', { bodyLimit: 16 * 1024 }, async (request, reply) => {
    const act = await actOf(request)
    if (principalOf(act) === undefined) throw new Fault('web.unauthenticated')
    const { id } = requireAskedApplication({ ...deps, nowMs: clock.nowMs() }, request, act, false)
    deps.gate.require(act, 'replicate', { type: 'Application', id })
    const { token } = (request.body ?? {}) as { token?: unknown }
    const claims = typeof token === 'string' ? deps.ownTokens.read(token, id) : undefined
    const principal = claims && entityOfId(claims.sub)
    const actors = actorsIn(claims?.act)
    const isFit = (one: EntityUid) => snapshot.directory.stateOf(one) === 'fit'
    if (principal === undefined || actors === undefined || ![principal, ...actors].every(isFit))
      throw new Fault('authorization.request_invalid', { detail: '/body/token is no access token that counts here' })
    const entity = snapshot.directory.find(principal)
    reply.header('cache-control', 'no-store')
    return { identity: deps.identities.for(id, principal, entity, { actors, scope: claims?.scope }) }
  })

  const takeBatch = async (request: FastifyRequest, reply: FastifyReply) => {
    const act = await actOf(request)
    const caller = principalOf(act)
    if (caller === undefined) throw new Fault('web.unauthenticated')
    const { id } = requireAskedApplication({ ...deps, nowMs: clock.nowMs() }, request, act, false)
    deps.gate.require(act, 'replicate', { type: 'Application', id })
    try {
      const batch = readBatch(request.body, request.query)
      const place = await cursors.read(id, batch.cursor)
      const held = await taker.take(id, caller, batch, place?.position ?? 0)
      batches.inc({ outcome: 'taken' })
      reply.header('cache-control', 'no-store')
      return { sequence: held.sequence, hash: held.hash, next: held.next, watermarkMs: held.watermarkMs }
    } catch (error) {
      batches.inc({ outcome: 'refused' })
      throw error
    }
  }
  web.app.register(async (app) => {
    // One object is read in one go, between decisions that somebody waits for.
    app.addHook('preParsing', async (request, _reply, payload) => {
      const { 'content-type': type = '', 'content-length': length } = request.headers
      if (type.startsWith('application/json') && !(Number(length) <= jsonMost)) throw new Fault('web.too_large')
      return payload
    })
    app.addContentTypeParser('application/x-ndjson', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.post('/access/v1/journal', { bodyLimit: 16 * 2 ** 20 }, takeBatch)
  })
}
