import type { FastifyInstance } from 'fastify'
import { type Entropy, inSpan, isFault, type Tracer } from '#kernel'
import { problemOf, toWebFault } from '#web'
import type { AnswerGateway } from '../forward-auth/answer-gateway.ts'
import { AnswerNotes, type Described, identityHeaders, questionOf } from './gateway-request.ts'
import type { CheckRequest, CheckResponse, HeaderValueOption } from './messages.ts'

/** Codes of google.rpc. */
const codes = { ok: 0, denied: 7, unavailable: 14, unauthenticated: 16 } as const
/** OVERWRITE_IF_EXISTS_OR_ADD, and APPEND_IF_EXISTS_OR_ADD for what may come several times. */
const overwrite = 2
const rpc = 'envoy.service.auth.v3.Authorization/Check'
const requestIdShape = /^[\w.:@+/=-]{1,128}$/

export interface CheckDeps {
  readonly app: FastifyInstance
  readonly answer: AnswerGateway
  readonly entropy: Pick<Entropy, 'bytes'>
  readonly onError: (where: string, error: unknown) => void
  readonly tracer?: Tracer | undefined
}

/**
 * Answers Envoy as forward-auth answers other gateways. INVARIANT: whatever goes wrong is a denial that says so (503), never an error of
 * the call, which an Envoy with `failure_mode_allow` would take for a yes.
 */
export async function check(deps: CheckDeps, given: CheckRequest): Promise<CheckResponse> {
  const it = describe(given, deps.entropy)
  const span = deps.tracer?.enter(it.headers.get('traceparent'), () => ({
    name: rpc,
    attributes: { 'rpc.system.name': 'grpc', 'rpc.method': rpc, 'gatehouse.request.id': it.id },
  }))
  if (span === undefined) return checkOne(deps, it)
  const answered = await inSpan(span, () => checkOne(deps, it))
  span.set('gatehouse.gateway.status', answered.denied_response?.status?.code ?? 200)
  span.end()
  return answered
}

async function checkOne(deps: CheckDeps, it: Described): Promise<CheckResponse> {
  const notes = new AnswerNotes()
  try {
    await deps.answer(questionOf(deps.app, it), notes.asReply, 'ext-authz')
    if (!notes.sent) throw new Error('the question was not answered')
    return notes.statusCode === 200 ? permit(notes, it) : deny(notes, it)
  } catch (error) {
    const fault = toWebFault(error)
    if (fault.status >= 500) deps.onError('ext_authz', error)
    const status = isFault(error) && fault.status >= 400 ? fault.status : 503
    const failed = new AnswerNotes().code(status).type('application/problem+json')
    if (fault.retryAfterSeconds !== undefined) failed.header('retry-after', fault.retryAfterSeconds)
    return deny(failed.send(JSON.stringify(problemOf(fault, it.id))), it)
  }
}

function describe({ attributes }: CheckRequest, entropy: Pick<Entropy, 'bytes'>): Described {
  const http = attributes?.request?.http
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(http?.headers ?? {})) headers.set(name.toLowerCase(), value)
  for (const { key, value, raw_value: raw } of http?.header_map?.headers ?? []) {
    const name = key.toLowerCase()
    const text = raw !== undefined && raw.length > 0 ? Buffer.from(raw).toString('latin1') : (value ?? '')
    const before = headers.get(name)
    headers.set(name, before === undefined ? text : `${before}${name === 'cookie' ? '; ' : ', '}${text}`)
  }
  const id = headers.get('x-request-id') ?? http?.id
  return {
    id: id !== undefined && requestIdShape.test(id) ? id : Buffer.from(entropy.bytes(15)).toString('base64url'),
    method: http?.method ?? '',
    scheme: http?.scheme ?? '',
    host: http?.host ?? '',
    path: http?.path ?? '',
    headers,
    address: attributes?.source?.address?.socket_address?.address ?? '',
  }
}

/** The identity overwrites what the client sent under its names, and what has no value here is taken away. */
function permit(notes: AnswerNotes, it: Described): CheckResponse {
  const headers: HeaderValueOption[] = []
  const set = new Set<string>()
  for (const [name, value] of notes.all()) {
    if (!name.startsWith('gatehouse-') || value === '') continue
    set.add(name)
    headers.push(header(name, value))
  }
  const remove = new Set<string>(identityHeaders)
  for (const name of it.headers.keys()) if (name.startsWith('gatehouse-')) remove.add(name)
  const headersToRemove = [...remove].filter((name) => !set.has(name))
  return { status: { code: codes.ok }, ok_response: { headers, headers_to_remove: headersToRemove } }
}

function deny(notes: AnswerNotes, it: Described): CheckResponse {
  const { statusCode, body } = notes
  const code = statusCode === 401 ? codes.unauthenticated : statusCode >= 500 ? codes.unavailable : codes.denied
  const headers = [...notes.all()].map(([name, value]) => header(name, value, name === 'set-cookie'))
  headers.push(header('x-request-id', it.id))
  return { status: { code }, denied_response: { status: { code: statusCode }, headers, body } }
}

const header = (key: string, value: string, append = false): HeaderValueOption => ({
  header: { key, value },
  append: { value: append },
  append_action: append ? 0 : overwrite,
})
