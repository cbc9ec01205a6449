import type { FastifyReply, FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import type { Gatehouse } from '../gatehouse.ts'
import { addressOf } from './address.ts'
import { type Authorized, enforce, type Requirement } from './enforce.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is let through and why; there behind `authorize()`. */
    gatehouse?: Authorized
  }
}

/** A `preHandler` that lets a request through only when its token counts and Gatehouse permits it. */
export function authorize(gatehouse: Gatehouse, requirement: Requirement<FastifyRequest>): preHandlerAsyncHookHandler {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const { authorization, dpop } = request.headers
    const enforced = await enforce(
      gatehouse,
      requirement,
      request,
      () => ({
        authorization,
        dpop: onlyOne(dpop),
        method: request.method,
        url: addressOf(gatehouse.publicUrl, () => `${request.protocol}://${request.host}`, request.url),
      }),
      request.headers['x-request-id'],
    )
    if ('refusal' in enforced) {
      const { status, headers, body } = enforced.refusal
      return reply.code(status).headers(headers).send(body)
    }
    request.gatehouse = enforced.authorized
    reply.header('x-request-id', enforced.authorized.requestId)
  }
}

/** Node joins repeated headers with a comma; a proof holds none. */
const onlyOne = (dpop: string | string[] | undefined) =>
  typeof dpop === 'string' && dpop.includes(',') ? dpop.split(',') : dpop
