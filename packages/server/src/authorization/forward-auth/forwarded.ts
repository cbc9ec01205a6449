import type { FastifyRequest } from 'fastify'

/** What the gateway says of the request it asks about. */
export interface Forwarded {
  readonly method: string
  /** Scheme, host and port as people reach it. */
  readonly origin: string
  /** Path and query as the client sent them. */
  readonly target: string
  /** Whether a person's browser navigates: she is shown pages and sent to sign in. */
  readonly isBrowser: boolean
  /** nginx's `auth_request` takes nothing but 2xx, 401 and 403; it says so with `Gatehouse-Gateway: auth_request`. */
  readonly canRedirect: boolean
}

/**
 * Reads `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`, all of which the gateway must set itself on every question.
 * Undefined when one is missing or malformed, or comes twice: one is then the client's own, and Node has joined them.
 */
export function readForwarded(request: FastifyRequest): Forwarded | undefined {
  const one = (name: string) => {
    const value = request.headers[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const method = one('x-forwarded-method')
  const proto = one('x-forwarded-proto')
  const host = one('x-forwarded-host')
  const target = one('x-forwarded-uri')
  if (method === undefined || !/^[A-Z]{1,20}$/.test(method)) return undefined
  if (proto !== 'http' && proto !== 'https') return undefined
  if (host === undefined || !/^[\w.:[\]-]{1,255}$/.test(host) || target === undefined) return undefined
  if (comesTwice(request.raw.rawHeaders)) return undefined
  const url = URL.parse(`${proto}://${host}`)
  if (url === null || url.username !== '' || url.pathname !== '/') return undefined
  const mode = one('sec-fetch-mode')
  const accepts = one('accept')?.includes('text/html') === true
  return {
    method,
    origin: url.origin,
    target,
    isBrowser: (method === 'GET' || method === 'HEAD') && accepts && (mode === undefined || mode === 'navigate'),
    canRedirect: one('gatehouse-gateway') !== 'auth_request',
  }
}

const once = new Set(['x-forwarded-method', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-uri'])

function comesTwice(raw: readonly string[]): boolean {
  let seen = 0
  for (let at = 0; at < raw.length; at += 2) if (once.has((raw[at] as string).toLowerCase())) seen++
  return seen > once.size
}

const overriding = ['x-http-method-override', 'x-http-method', 'x-method-override']

/**
 * Whether a client asks the service to take its request for one of another method: frameworks that listen to such headers would do
 * something else than was decided.
 */
export function overridesMethod({ headers }: FastifyRequest, method: string): boolean {
  return overriding.some((name) => headers[name] !== undefined && String(headers[name]).trim().toUpperCase() !== method)
}
