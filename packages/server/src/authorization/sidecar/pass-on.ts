import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '#kernel'
import { unavailable } from './unavailable.ts'

const hop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'content-encoding',
  'date',
  'host',
  'te',
  'trailer',
  'upgrade',
  'expect',
])
const withinMs = 3_000

/**
 * Asks the server what a gateway asked, as it came, and answers as it does. Whatever goes wrong is 503: the gateway denies.
 */
export async function passOn(
  url: string,
  request: FastifyRequest,
  reply: FastifyReply,
  count: (outcome: 'allow' | 'deny' | 'failed') => void,
): Promise<FastifyReply> {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && !hop.has(name)) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  headers.set('x-request-id', request.id)
  // Whose limit it counts against; the server believes it where it trusts this machine.
  const chain = [request.headers['x-forwarded-for'], request.raw.socket?.remoteAddress ?? request.ip]
  headers.set('x-forwarded-for', chain.filter((one) => one !== undefined && one !== '').join(', '))
  try {
    const signal = AbortSignal.timeout(withinMs)
    const answer = await fetch(`${url}/forward-auth`, { headers, redirect: 'manual', signal })
    const body = await answer.text()
    count(answer.ok ? 'allow' : answer.status < 500 ? 'deny' : 'failed')
    for (const [name, value] of answer.headers) {
      if (hop.has(name) || name === 'set-cookie' || name === 'x-request-id') continue
      reply.header(name, value)
    }
    for (const cookie of answer.headers.getSetCookie()) reply.header('set-cookie', cookie)
    return reply.code(answer.status).send(body === '' ? undefined : body)
  } catch (cause) {
    count('failed')
    return unavailable(request, reply, new Fault('web.not_ready', { cause, retryAfterSeconds: 1 }))
  }
}
