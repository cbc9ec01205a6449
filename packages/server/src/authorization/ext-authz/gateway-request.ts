import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** A request as Envoy describes it. */
export interface Described {
  readonly id: string
  readonly method: string
  readonly scheme: string
  readonly host: string
  /** Path and query as the client sent them. */
  readonly path: string
  /** Lower-case names, as the client sent them. */
  readonly headers: ReadonlyMap<string, string>
  /** Where it came from. */
  readonly address: string
}

/** What a permitted request carries on, whoever it is. */
export const identityHeaders = [
  'gatehouse-subject',
  'gatehouse-subject-type',
  'gatehouse-username',
  'gatehouse-identity',
] as const

/** What only a gateway says of a request: never taken from a client. `gatehouse-*` are what the gateway hands on. */
const ours = /^(x-forwarded-|gatehouse-|forwarded$|x-original-)/

/**
 * The question as forward-auth reads it: everything a gateway says of a request comes from Envoy's own attributes; headers of the client
 * under those names are left out.
 */
export function questionOf(app: FastifyInstance, it: Described): FastifyRequest {
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of it.headers) if (!name.startsWith(':') && !ours.test(name)) headers[name] = value
  headers['x-forwarded-method'] = it.method
  headers['x-forwarded-proto'] = it.scheme
  headers['x-forwarded-host'] = it.host
  headers['x-forwarded-uri'] = it.path
  const raw = {
    method: 'GET',
    url: '/forward-auth',
    headers,
    rawHeaders: Object.entries(headers).flat(),
    headersDistinct: Object.create(null),
    socket: {},
  }
  const cookie = headers.cookie
  const request = {
    id: it.id,
    ip: it.address,
    method: 'GET',
    url: '/forward-auth',
    headers,
    cookies: cookie === undefined ? {} : app.parseCookie(cookie),
    query: {},
    log: app.log,
    raw,
    server: app,
  }
  return request as unknown as FastifyRequest
}

/** Headers that describe our own connection, not the answer. */
const hop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date'])

/** Takes down what would be answered over HTTP. Knows what a route of forward-auth uses of a reply. */
export class AnswerNotes {
  statusCode = 200
  body = ''
  readonly headers_ = new Map<string, string[]>()
  sent = false

  get asReply(): FastifyReply {
    return this as unknown as FastifyReply
  }

  code(status: number): this {
    this.statusCode = status
    return this
  }

  status(status: number): this {
    return this.code(status)
  }

  header(name: string, value: unknown): this {
    const key = name.toLowerCase()
    const values = (Array.isArray(value) ? value : [value]).map(String)
    // As Fastify does: cookies add up, everything else is replaced.
    if (key === 'set-cookie') this.headers_.set(key, [...(this.headers_.get(key) ?? []), ...values])
    else this.headers_.set(key, values)
    return this
  }

  headers(all: Record<string, unknown>): this {
    for (const [name, value] of Object.entries(all)) this.header(name, value)
    return this
  }

  getHeader(name: string): string | undefined {
    return this.headers_.get(name.toLowerCase())?.join(', ')
  }

  hasHeader(name: string): boolean {
    return this.headers_.has(name.toLowerCase())
  }

  removeHeader(name: string): this {
    this.headers_.delete(name.toLowerCase())
    return this
  }

  type(value: string): this {
    return this.header('content-type', value)
  }

  redirect(address: string, status = 302): this {
    return this.code(status).header('location', address).send()
  }

  send(body: unknown = ''): this {
    this.body = typeof body === 'string' ? body : JSON.stringify(body)
    this.sent = true
    return this
  }

  /** Name and value of each header, repeated ones one by one. */
  *all(): Generator<readonly [name: string, value: string]> {
    for (const [name, values] of this.headers_) if (!hop.has(name)) for (const value of values) yield [name, value]
  }
}
