import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { GatehouseError } from '../errors.ts'
import type { AskOptions } from '../evaluation.ts'
import type { LocalDecisions } from '../local/local-decisions.ts'
import { type Centre, requestIdOf } from '../remote/centre.ts'
import { isObject } from '../tokens/jws.ts'
import { answerEvaluation, answerEvaluations } from './authzen.ts'
import { isOurHost } from './hosts.ts'
import { formatMeasures } from './measures.ts'

/** What answers at the sidecar's address beside AuthZEN. */
export interface SidecarAddition {
  /** A name that it expects in `Host` of questions to it: those of a gateway may bear the names of what stands behind it. */
  isNamed(host: string, path: string): boolean
  /** More for `/metrics`, in Prometheus' text format. */
  measures(): Promise<string>
  /** True for a request that it answers. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** Added to the line that says where it listens. */
  readonly says: string
  close(): Promise<void>
}

export interface SidecarOptions {
  readonly local: LocalDecisions
  /** Loopback, unless the network is closed: whoever reaches it may ask. */
  readonly host: string
  readonly port: number
  readonly onError: (error: unknown) => void
  /** Where what a replica cannot answer is asked: why something was decided, searches, plans. */
  readonly centre: Pick<Centre, 'send'>
  /** Names it goes by beside the usual ones. */
  readonly hosts?: ReadonlySet<string>
  /** Answers what it knows before anything else is looked at. */
  readonly addition?: SidecarAddition | undefined
}

const bodyMost = 4 * 2 ** 20

/**
 * A small decision point beside a program in any language: AuthZEN 1.0 with its metadata, `/healthz`, `/readyz` and `/metrics`. Decisions
 * are the replica's, or the centre's where bounds or `Consistency-Token` say so; searches, plans and explanations are the centre's. It
 * asks nobody who they are.
 */
export async function startSidecar(options: SidecarOptions) {
  const { host, port, onError, addition, hosts = new Set() } = options
  const named = new Set([...hosts, host.toLowerCase()])
  const server = createServer((request, response) => {
    const asked = request.headers.host
    if (!isOurHost(asked, named) && addition?.isNamed(asked as string, request.url ?? '') !== true) {
      request.resume()
      response.setHeader('connection', 'close')
      return send(response, 421, { title: 'This host is not known here', status: 421 })
    }
    if (addition?.handle(request, response)) return
    answer(options, request, response).catch((error) => refuse(error, request, response, onError))
  })
  server.requestTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as { port: number }).port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(it: SidecarOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { local } = it
  const path = (request.url ?? '').split('?')[0]
  const requestId = requestIdOf(request.headers['x-request-id'])
  response.setHeader('x-request-id', requestId)
  response.setHeader('cache-control', 'no-store')
  const atLeast = request.headers['consistency-token']
  const options = { requestId, ...(typeof atLeast === 'string' && { atLeast }) }
  switch (`${request.method} ${path}`) {
    case 'GET /healthz':
      return send(response, 200, { status: 'ok' })
    case 'GET /readyz': {
      const isReady = Number.isFinite(local.stalenessMs)
      return send(response, isReady ? 200 : 503, { status: isReady ? 'ok' : 'no replica yet' })
    }
    case 'GET /metrics':
      response
        .writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
        .end(`${formatMeasures(local.measures())}${(await it.addition?.measures()) ?? ''}`)
      return
    case 'GET /.well-known/authzen-configuration':
      return send(response, 200, metadata(it.host, request.socket.localPort ?? it.port))
    case 'POST /access/v1/evaluation':
    case 'POST /access/v1/evaluations': {
      const body = await readBody(request)
      if (wantsExplanation(body)) return passOn(it, 'explain', path as string, body, options, response)
      const answered = path === '/access/v1/evaluation' ? answerEvaluation : answerEvaluations
      return send(response, 200, await answered(local, body, options))
    }
    case 'POST /access/v1/search/subject':
    case 'POST /access/v1/search/resource':
    case 'POST /access/v1/search/action':
    case 'POST /access/v1/plan':
      return passOn(it, 'search', path as string, await readBody(request), options, response)
  }
  send(response, 404, { title: 'There is nothing here' })
}

const wantsExplanation = (body: unknown): boolean =>
  isObject(body) && isObject(body.options) && body.options.explain === true

/** Answers as the centre does, with this service's own rights there. @throws {GatehouseError} `remote.unavailable` */
async function passOn(
  { centre, local }: SidecarOptions,
  why: 'explain' | 'search',
  path: string,
  body: unknown,
  options: AskOptions,
  response: ServerResponse,
): Promise<void> {
  local.countAsked(why)
  const answer = await centre.send(path, body, options)
  const type = answer.headers.get('content-type') ?? 'application/json'
  response.writeHead(answer.status, { 'content-type': type }).end(answer.body)
}

/** AuthZEN 1.0, "Policy Decision Point Metadata": by the address that it listens on, never by `Host`. */
function metadata(host: string, port: number) {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  return {
    policy_decision_point: url,
    access_evaluation_endpoint: `${url}/access/v1/evaluation`,
    access_evaluations_endpoint: `${url}/access/v1/evaluations`,
    search_subject_endpoint: `${url}/access/v1/search/subject`,
    search_resource_endpoint: `${url}/access/v1/search/resource`,
    search_action_endpoint: `${url}/access/v1/search/action`,
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json *(;|$)/i.test(type))
    throw new GatehouseError('request.invalid', 'The content type must be application/json')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > bodyMost) throw new GatehouseError('request.invalid', 'The body is too large')
    chunks.push(chunk as Buffer)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new GatehouseError('request.invalid', 'The body is no JSON')
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function refuse(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  onError: (error: unknown) => void,
): void {
  const known = error instanceof GatehouseError ? error : undefined
  if (known === undefined || known.status >= 500) onError(error)
  if (response.headersSent) return void response.destroy()
  const status = known?.status ?? 503
  const code = known?.code ?? 'remote.unavailable'
  const title = known?.message ?? 'The decision could not be made'
  if (known?.retryAfterSeconds !== undefined) response.setHeader('retry-after', known.retryAfterSeconds)
  if (!request.complete) response.setHeader('connection', 'close')
  response
    .writeHead(status, { 'content-type': 'application/problem+json' })
    .end(JSON.stringify({ type: `urn:gatehouse:sdk:${code}`, title, status, code }))
}
