import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Fault, isFault } from '#kernel'
import './faults.ts'

/** A problem document (RFC 9457). `code` is the fault; `type` is stable and documented. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail?: string
  readonly requestId: string
}

/** Turns whatever was thrown into the fault that the client is told of; the cause stays for the log. */
export function toWebFault(error: unknown): Fault {
  if (isFault(error)) return error
  const from = error as Partial<FastifyError>
  if (from.validation !== undefined) {
    const errors = from.validation.map((found) => ({
      pointer: `/${from.validationContext ?? 'body'}${found.instancePath}`,
      detail: found.message ?? 'is not valid',
      ...(typeof found.params?.additionalProperty === 'string' && { property: found.params.additionalProperty }),
    }))
    const first = errors[0]
    const detail =
      first && `${first.pointer} ${first.detail}${first.property === undefined ? '' : `: ${first.property}`}`
    return new Fault('web.invalid', { cause: error, detail, extra: { errors } })
  }
  switch (from.code) {
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_BAD_URL':
      return new Fault('web.malformed', { cause: error })
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Fault('web.too_large', { cause: error })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Fault('web.unsupported_media', { cause: error })
  }
  if (from.statusCode === 400) return new Fault('web.malformed', { cause: error })
  return new Fault('web.internal', { cause: error })
}

export function problemOf(fault: Fault, requestId: string): Problem & Record<string, unknown> {
  return {
    type: `urn:gatehouse:fault:${fault.code}`,
    title: fault.says,
    status: fault.status,
    code: fault.code,
    ...(fault.detail !== undefined && { detail: fault.detail }),
    ...fault.extra,
    requestId,
  }
}

/** What the log says of a refusal. A parser's or validator's message may quote the body, so only its code is kept. */
function causeOf({ cause }: Fault): string | undefined {
  if (!(cause instanceof Error)) return undefined
  const code = (cause as { code?: unknown }).code
  if (typeof code === 'string') return code
  return cause instanceof SyntaxError ? cause.name : cause.message
}

/** Answers with the problem document of `error` and logs what the client must not see. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const fault = toWebFault(error)
  if (fault.status >= 500) request.log.error({ err: fault.cause ?? fault, code: fault.code }, fault.says)
  else request.log.info({ code: fault.code, cause: causeOf(fault) }, fault.says)
  if (fault.retryAfterSeconds !== undefined) reply.header('retry-after', String(fault.retryAfterSeconds))
  if (fault.status === 401) reply.header('www-authenticate', 'Bearer')
  if (reply.raw.headersSent) return reply
  return reply
    .code(fault.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(fault, request.id)))
}
