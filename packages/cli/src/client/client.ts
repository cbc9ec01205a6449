import { randomUUID } from 'node:crypto'
import { exits, Failure, failureOf, type Problem } from '../failure.ts'
import type { Credential } from './sender.ts'

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  /** Sent as `If-Match`. */
  readonly ifMatch?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Called with the bytes received so far and the total, where the server says it. */
  readonly onProgress?: (received: number, total: number | undefined) => void
}

export interface Reply<T> {
  readonly status: number
  readonly body: T
  readonly etag: string | undefined
  readonly requestId: string | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string
}

const attemptsMost = 3

/** Speaks to the public HTTP API of one Gatehouse. */
export class Client {
  readonly #credential: Credential
  readonly #requestId: string | undefined
  constructor(credential: Credential, options: { requestId?: string } = {}) {
    this.#credential = credential
    this.#requestId = options.requestId
  }

  get url(): string {
    return this.#credential.url
  }

  get kind(): Credential['kind'] {
    return this.#credential.kind
  }

  get<T>(path: string, options?: RequestOptions): Promise<Reply<T>> {
    return this.request('GET', path, options)
  }

  post<T>(path: string, body?: unknown, options?: RequestOptions): Promise<Reply<T>> {
    return this.request('POST', path, { ...options, body })
  }

  /**
   * One request and its answer as JSON. A change carries an `Idempotency-Key`, so that it is repeated safely when the
   * connection breaks.
   * @throws {Failure} unreachable, or what the problem document says
   */
  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Reply<T>> {
    const response = await this.send(method, path, options)
    const text = await response.text()
    const json = /json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      body: (json && text !== '' ? JSON.parse(text) : text === '' ? undefined : text) as T,
      etag: response.headers.get('etag') ?? undefined,
      requestId: response.headers.get('x-request-id') ?? undefined,
    }
  }

  /** As `request`, with the answer's body left to the caller. */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const url = new URL(path, this.#credential.url)
    for (const [name, value] of Object.entries(options.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value))
    const raw = options.body instanceof Uint8Array
    const body = options.body === undefined || raw ? options.body : JSON.stringify(options.body)
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
      ...(options.ifMatch !== undefined && { 'if-match': options.ifMatch }),
      ...(this.#requestId !== undefined && { 'x-request-id': this.#requestId }),
      ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
      ...options.headers,
    }
    for (let attempt = 1; ; attempt++) {
      const authorization = await this.#credential.authorization()
      let response: Response
      try {
        response = await fetch(url, {
          method,
          headers: { ...headers, authorization },
          redirect: 'error',
          ...(body !== undefined && { body: body as string | Uint8Array<ArrayBuffer> }),
          ...(options.signal && { signal: options.signal }),
        })
      } catch (error) {
        if (options.signal?.aborted) throw error
        if (attempt < attemptsMost && codeOf(error) === 'ECONNRESET') continue
        throw unreachable(this.#credential.url, error)
      }
      if (response.ok) return response
      throw failureOf(response.status, await readProblem(response), response.headers.get('x-request-id') ?? undefined)
    }
  }

  /** Every item of a list, page by page. */
  async *list<T>(
    path: string,
    query: RequestOptions['query'] = {},
    most = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<T> {
    let cursor: string | undefined
    let given = 0
    do {
      const limit = Math.min(200, most - given)
      const { body } = await this.get<Page<T>>(path, { query: { ...query, limit, cursor } })
      for (const item of body.items) {
        yield item
        if (++given >= most) return
      }
      // A feed always says where to go on; an empty page is its end.
      cursor = body.items.length === 0 ? undefined : body.next
    } while (cursor !== undefined)
  }
}

function codeOf(error: unknown): string | undefined {
  const cause = (error as { cause?: { code?: string; errors?: { code?: string }[] } }).cause
  return cause?.code ?? cause?.errors?.[0]?.code
}

function unreachable(url: string, cause: unknown): Failure {
  const code = codeOf(cause)
  const why: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'the name does not resolve',
    ECONNRESET: 'the connection broke',
    UND_ERR_SOCKET: 'the connection broke',
    ETIMEDOUT: 'it does not answer',
  }
  const message = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause)
  return new Failure(`Gatehouse cannot be reached at ${url}`, {
    exit: exits.unreachable,
    detail: why[code ?? ''] ?? message,
    next: 'Start it with "gatehouse serve", or name another with --url',
    cause,
  })
}

async function readProblem(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '')
  try {
    const read: unknown = JSON.parse(text)
    if (typeof read === 'object' && read !== null) return read as Problem
  } catch {
    // Not JSON: some proxy answered in Gatehouse's place.
  }
  return { detail: text.slice(0, 200).trim() || undefined }
}
