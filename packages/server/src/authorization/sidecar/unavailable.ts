import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Fault } from '#kernel'
import { problemOf } from '#web'

/** Nothing is decided: whoever enforces denies, and may ask again. */
export function unavailable(request: FastifyRequest, reply: FastifyReply, fault: Fault): FastifyReply {
  return reply
    .code(503)
    .header('retry-after', fault.retryAfterSeconds ?? 1)
    .header('gatehouse-reason', fault.code)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(fault, request.id)))
}
