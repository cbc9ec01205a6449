// The project's own small reverse proxy, for machines without nginx or Caddy, with the same meaning: it asks Gatehouse about
// each request before any of it reaches the service, and hands the service the identity that Gatehouse answered with. Web sockets do
// not go through it.
import {
  Agent,
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'

export interface ProxyOptions {
  /** Where people reach it, as in `http://documents.localhost:9080`: what Gatehouse is told was asked for. */
  readonly origin: string
  /** Base address of Gatehouse. */
  readonly gatehouse: URL
  readonly service: URL
  readonly port: number
}

/** Set by Gatehouse's answer and by nothing else: a client's own never pass. */
const isIdentity = (name: string) => /^gatehouse[-_]/i.test(name)
/** RFC 9110 §7.6.1. */
const hopByHop = new Set(
  'connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade proxy-connection'.split(
    ' ',
  ),
)
const answerWithinMs = 5_000

export function startProxy(options: ProxyOptions): Promise<Server> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const server = createServer((incoming, outgoing) => {
    guard(options, agent, incoming, outgoing).catch(() => {
      // INVARIANT: when Gatehouse does not answer, nothing passes.
      if (outgoing.headersSent) outgoing.destroy()
      else
        outgoing
          .writeHead(503, { 'content-type': 'text/plain' })
          .end('The gateway cannot ask who you are. Try again.\n')
    })
  })
  server.on('close', () => agent.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', () => resolve(server))
  })
}

async function guard(options: ProxyOptions, agent: Agent, incoming: IncomingMessage, outgoing: ServerResponse) {
  const { gatehouse, service } = options
  const origin = new URL(options.origin)
  const target = incoming.url ?? ''
  // Only the origin form (RFC 9112 §3.2.1) can name a path of the service and nothing else.
  if (!target.startsWith('/')) {
    outgoing.writeHead(400).end()
    return
  }
  const passed = passedHeaders(incoming)
  const { 'content-length': _length, 'content-type': _type, expect: _expect, ...asking } = passed
  const answer = await exchange(agent, gatehouse, '/forward-auth', 'GET', {
    ...asking,
    host: gatehouse.host,
    'x-forwarded-method': incoming.method ?? 'GET',
    'x-forwarded-proto': origin.protocol.slice(0, -1),
    'x-forwarded-host': origin.host,
    'x-forwarded-uri': target,
    'x-forwarded-for': incoming.socket.remoteAddress ?? '',
  })
  if (answer.statusCode !== 200) {
    outgoing.writeHead(answer.statusCode ?? 503, endToEnd(answer))
    answer.pipe(outgoing)
    return
  }
  answer.resume()
  const identity = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => isIdentity(name)))
  const reply = await exchange(
    agent,
    service,
    target,
    incoming.method ?? 'GET',
    { ...passed, host: origin.host, 'x-forwarded-host': origin.host, ...identity },
    incoming,
  )
  outgoing.writeHead(reply.statusCode ?? 502, endToEnd(reply))
  reply.pipe(outgoing)
}

/** The client's headers without what is the connection's and what only Gatehouse may say. */
function passedHeaders(incoming: IncomingMessage): OutgoingHttpHeaders {
  const named = new Set(
    (incoming.headers.connection ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  )
  return Object.fromEntries(
    Object.entries(incoming.headers).filter(
      ([name]) => !hopByHop.has(name) && !named.has(name) && !isIdentity(name) && !name.startsWith('x-forwarded-'),
    ),
  )
}

function endToEnd(reply: IncomingMessage): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(reply.headers).filter(([name]) => !hopByHop.has(name)))
}

function exchange(
  agent: Agent,
  { hostname, port }: URL,
  path: string,
  method: string,
  headers: OutgoingHttpHeaders,
  body?: IncomingMessage,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sending = request({ agent, hostname, port, path, method, headers, timeout: answerWithinMs }, resolve)
    sending.once('error', reject)
    sending.once('timeout', () => sending.destroy(new Error('no answer in time')))
    if (body === undefined) sending.end()
    else body.pipe(sending)
  })
}
