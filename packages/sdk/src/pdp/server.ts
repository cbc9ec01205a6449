import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { GatehouseError } from '../errors.ts'
import type { LocalDecisions } from '../local/local-decisions.ts'
import { requestIdOf } from '../remote/centre.ts'
import { answerEvaluation, answerEvaluations } from './authzen.ts'
import { formatMeasures } from './measures.ts'

export interface SidecarOptions {
  readonly local: LocalDecisions
  /** Loopback, unless the network is closed: whoever reaches it may ask. */
  readonly host: string
  readonly port: number
  readonly onError: (error: unknown) => void
  /** Answers what it knows before anything else is looked at. */
  readonly addition?: { handle(request: IncomingMessage, response: ServerResponse): boolean } | undefined
}

const bodyMost = 4 * 2 ** 20

/**
 * A small decision point beside a program in any language: AuthZEN's evaluation and evaluations, `/healthz`, `/readyz` and `/metrics`.
 * Decisions are the replica's, or the centre's where bounds say so. It asks nobody who they are.
 */
export async function startSidecar({ local, host, port, onError, addition }: SidecarOptions) {
  const server = createServer((request, response) => {
    if (addition?.handle(request, response)) return
    answer(local, request, response).catch((error) => refuse(error, request, response, onError))
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

async function answer(local: LocalDecisions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?')[0]
  const requestId = requestIdOf(request.headers['x-request-id'])
  response.setHeader('x-request-id', requestId)
  response.setHeader('cache-control', 'no-store')
  switch (`${request.method} ${path}`) {
    case 'GET /healthz':
      return send(response, 200, { status: 'ok' })
    case 'GET /readyz': {
      const isReady = Number.isFinite(local.stalenessMs)
      return send(response, isReady ? 200 : 503, { status: isReady ? 'ok' : 'no replica yet' })
    }
    case 'GET /metrics':
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(formatMeasures(local.measures()))
      return
    case 'POST /access/v1/evaluation':
      return send(response, 200, await answerEvaluation(local, await readBody(request), requestId))
    case 'POST /access/v1/evaluations':
      return send(response, 200, await answerEvaluations(local, await readBody(request), requestId))
  }
  send(response, 404, { title: 'There is nothing here' })
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
