import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'

const requests = new WeakMap<IncomingMessage, FastifyRequest>()
const bodies = new WeakMap<IncomingMessage, Buffer>()

/** Remembers which of our requests a raw one belongs to, for as long as it lives. */
export function rememberRequest(request: FastifyRequest): void {
  requests.set(request.raw, request)
  if (Buffer.isBuffer(request.body)) setBody(request.raw, request.body)
}

/** @throws {TypeError} for a request that did not come through our routes */
export function requestOf(raw: IncomingMessage): FastifyRequest {
  const request = requests.get(raw)
  if (request === undefined) throw new TypeError('a request reached the provider by another way than our routes')
  return request
}

export function bodyOf(raw: IncomingMessage): Buffer | undefined {
  return bodies.get(raw)
}

/**
 * Gives a request whose body has been read a body to read: the provider takes it as a stream (`readable`, `iterator`), and takes
 * a request without one for the work of a foreign middleware, about which it warns.
 */
export function setBody(raw: IncomingMessage, body: Buffer): void {
  bodies.set(raw, body)
  if (raw.headers['content-length'] !== undefined) raw.headers['content-length'] = String(body.length)
  Object.defineProperty(raw, 'readable', { value: true, configurable: true })
  Object.defineProperty(raw, 'iterator', { value: () => [body], configurable: true })
}
