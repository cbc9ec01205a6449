import type { FastifyReply } from 'fastify'
import type { Feed } from '#feed'
import { Fault, Type } from '#kernel'
import type { Storage } from '#storage'
import { type Operation, operation } from './operation.ts'
import './faults.ts'

export interface HealthDeps {
  readonly storage: Storage
  readonly feed: Feed
  /** Whether the server is on its way down. */
  readonly draining: () => boolean
}

const why = 'Load balancers and orchestrators ask without an identity; the answer tells nothing else'

/** `/healthz`: the process serves. `/readyz`: it should be sent requests. */
export function healthOperations(deps: HealthDeps): Operation[] {
  return [
    operation({
      id: 'health.live',
      method: 'GET',
      url: '/healthz',
      summary: 'Whether the process answers',
      access: { kind: 'open', why },
      schemas: { reply: Type.Object({ status: Type.Literal('ok') }) },
      handle: async ({ reply }) => say(reply, 'ok'),
    }),
    operation({
      id: 'health.ready',
      method: 'GET',
      url: '/readyz',
      summary: 'Whether the database answers and this node follows the feed closely',
      access: { kind: 'open', why },
      schemas: { reply: Type.Object({ status: Type.Literal('ready') }) },
      handle: async ({ reply }) => {
        if (deps.draining()) throw notReady('the server is shutting down')
        await deps.storage.ping()
        const { stalledMs, behind } = await deps.feed.health()
        if (stalledMs > behindMs) throw notReady('the feed is not being numbered')
        if (behind.length > 0) throw notReady(`behind the feed: ${behind.join(', ')}`)
        return say(reply, 'ready')
      },
    }),
  ]
}

/** By hand: the first probe would else load what serializes by schemas, which an idle server never needs. */
async function say<S extends string>(reply: FastifyReply, status: S): Promise<{ status: S }> {
  const answer = { status }
  await reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(JSON.stringify(answer))
  return answer
}

const behindMs = 10_000
const notReady = (detail: string) => new Fault('web.not_ready', { detail, retryAfterSeconds: 2 })
