import type { IncomingMessage } from 'node:http'
import cookie from '@fastify/cookie'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import { type Act, type Clock, type Entropy, Fault, type Meter, type Tracer } from '#kernel'
import type { Keyring } from '#keyring'
import type { Storage } from '#storage'
import { actOf, type Identify, identifySender } from './identity.ts'
import { findAmbiguousKey } from './json.ts'
import { measureRequests } from './measure.ts'
import { MethodTable } from './methods.ts'
import { OnceGuard } from './once.ts'
import type { Operation } from './operation.ts'
import { sendProblem } from './problem.ts'
import { RequestLogger } from './request-logger.ts'
import { addRoute } from './route.ts'
import { makeSerializerCompiler } from './serialize.ts'
import { traceRequests } from './trace.ts'
import { trustedProxies } from './trusted-proxies.ts'
import { makeValidatorCompiler } from './validate.ts'

export interface WebDeps {
  /** Public base address without trailing slash. */
  readonly url: string
  readonly trustedProxies: readonly string[]
  readonly logger: FastifyBaseLogger
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly storage: Storage
  readonly keyring: Keyring
  /** Hash of the policies that decide about Gatehouse's own actions: stands in every event of a request. */
  readonly policyBundle?: string
  /** How long `close` lets running requests go on; default 10 s. */
  readonly drainMs?: number
  /** Records requests for OpenTelemetry; undefined for nothing. */
  readonly tracer?: Tracer | undefined
}

/** The HTTP shell: operations are added before `listen`. */
export interface Web {
  readonly app: FastifyInstance
  readonly url: string
  readonly operations: readonly Operation[]
  /** Every route there is, operation or not: the permission matrix holds them all to account. */
  readonly routes: readonly { readonly method: string; readonly url: string }[]
  add(...operations: readonly Operation[]): void
  /** Adds a way to recognise senders; tried in the order added. */
  identifyBy(way: Identify): void
  /** Who sent this request, as `add`ed operations see it: for pages and protocol routes outside them. */
  actOf(request: FastifyRequest): Act | Promise<Act>
  /** Whether the other end of a connection is one of the trusted proxies. */
  isTrustedProxy(address: string): boolean
  /** Whether `close` has begun. */
  readonly draining: boolean
  /** Takes no new request, lets running ones end within `drainMs`, then cuts them. */
  close(): Promise<void>
}

const requestIdShape = /^[\w.:@+/=-]{1,128}$/
const headers = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // For answers that are no pages; a page sets its own.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

/**
 * Makes ids of the millisecond and 72 random bits: what is made together lies together in the index of the record. Their letters are made
 * for many at a time.
 */
function requestIds({ clock, entropy }: Pick<WebDeps, 'clock' | 'entropy'>): () => string {
  let letters = ''
  let used = 0
  let atMs = -1
  let moment = ''
  return () => {
    const nowMs = clock.nowMs()
    if (nowMs !== atMs) {
      const bytes = Buffer.alloc(6)
      bytes.writeUIntBE(nowMs, 0, 6)
      moment = bytes.toString('base64url')
      atMs = nowMs
    }
    if (used === letters.length) {
      letters = Buffer.from(entropy.bytes(63 * 9)).toString('base64url')
      used = 0
    }
    const at = used
    used += 12
    return moment + letters.slice(at, used)
  }
}

/** Builds the shell with error handling, request ids, security headers and measures, and no operation yet. */
export async function createWeb(deps: WebDeps): Promise<Web> {
  const newRequestId = requestIds(deps)
  const app = Fastify({
    loggerInstance: deps.logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    childLoggerFactory: (logger, bindings, _options, raw) =>
      new RequestLogger(logger, bindings, raw as IncomingMessage) as never,
    trustProxy: deps.trustedProxies.length > 0 ? [...deps.trustedProxies] : false,
    bodyLimit: 64 * 1024,
    requestIdHeader: false,
    genReqId: (raw) => {
      const given = raw.headers['x-request-id']
      return typeof given === 'string' && requestIdShape.test(given) ? given : newRequestId()
    },
    routerOptions: { maxParamLength: 512 },
    forceCloseConnections: 'idle',
    // The hook below answers instead, with a problem.
    return503OnClosing: false,
    // Given here, Fastify does not load and build compilers of its own first.
    schemaController: {
      compilersFactory: {
        buildValidator: () => makeValidatorCompiler() as never,
        buildSerializer: () => makeSerializerCompiler() as never,
      },
    },
    frameworkErrors: (error, request, reply) => sendProblem(request, reply, error) as never,
  })
  const methods = new MethodTable()
  const routes: { method: string; url: string }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    methods.note(url, method)
    for (const one of [method].flat()) if (one !== 'HEAD') routes.push({ method: one, url })
  })
  await app.register(cookie)
  readStrictJson(app)
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, error))
  app.setNotFoundHandler((request, reply) => {
    const allowed = methods.allowed(request.url.split('?')[0] as string)
    if (allowed.length === 0) return sendProblem(request, reply, new Fault('web.not_found'))
    reply.header('allow', allowed.join(', '))
    return sendProblem(request, reply, new Fault('web.method_not_allowed'))
  })
  if (deps.tracer !== undefined) traceRequests(app, deps.tracer)
  let draining = false
  const isHttps = deps.url.startsWith('https:')
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headers)
    reply.header('x-request-id', request.id)
    if (isHttps) reply.header('strict-transport-security', 'max-age=63072000; includeSubDomains')
    if (!draining) return done()
    reply.header('connection', 'close')
    done(new Fault('web.not_ready', { detail: 'the server is shutting down', retryAfterSeconds: 2 }))
  })
  measureRequests(app, deps.meter)

  const ways: Identify[] = []
  const operations: Operation[] = []
  const once = new OnceGuard(deps)
  const expiry = setInterval(() => {
    once.expire().catch((err) => deps.logger.error({ err }, 'Old idempotency keys could not be removed'))
  }, 3_600_000)
  expiry.unref()
  return {
    app,
    url: deps.url,
    operations,
    routes,
    add: (...added) => {
      for (const operation of added) {
        operations.push(operation)
        addRoute(app, operation, {
          ways,
          ownOrigin: deps.url,
          entropy: deps.entropy,
          once,
          policyBundle: deps.policyBundle,
        })
      }
    },
    identifyBy: (way) => void ways.push(way),
    actOf: (request) => {
      const identity = identifySender(request, ways, deps.url)
      if (!(identity instanceof Promise)) return actOf(request, identity, deps.policyBundle)
      return identity.then((known) => actOf(request, known, deps.policyBundle))
    },
    isTrustedProxy: trustedProxies(deps.trustedProxies),
    get draining() {
      return draining
    },
    close: async () => {
      draining = true
      clearInterval(expiry)
      // A connection whose last request has just ended is kept alive by its client; it must not hold up the end.
      const idle = setInterval(() => app.server.closeIdleConnections(), 50)
      const cut = setTimeout(() => app.server.closeAllConnections(), deps.drainMs ?? 10_000)
      await app.close().finally(() => {
        clearInterval(idle)
        clearTimeout(cut)
      })
    },
  }
}

/** Bodies are JSON in which no key stands twice and none is `__proto__`; nothing else is read unless a room adds its parser. */
function readStrictJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body as string
    const finish = (value: unknown) => {
      const key = findAmbiguousKey(text)
      if (key === undefined) return done(null, value)
      done(new Fault('web.malformed', { detail: `"${key.slice(0, 64)}" stands twice in one object` }))
    }
    const plain = parsePlain(text)
    if (plain !== undefined) return finish(plain)
    parse(request, text, (error, value) => (error === null ? finish(value) : done(error)))
  })
}

/** What the engine's own parser reads, where a text can name no prototype; undefined leaves it to the strict one. */
function parsePlain(text: string): unknown {
  if (text.includes('constructor') || text.includes('\\u')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
