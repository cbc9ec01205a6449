import type { Act, Clock } from '#kernel'
import type { Scratch } from './engines.ts'
import { startTestServer, type TestServer } from './server.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly body: any
}

export interface Api extends TestServer {
  /** Sends a request as `actor` (default: the local operator, who may do everything); a body becomes JSON. */
  call(
    method: string,
    path: string,
    body?: unknown,
    options?: { headers?: Record<string, string>; actor?: Act['actor'] | null },
  ): Promise<Reply>
}

export const operator: Act['actor'] = { type: 'bootstrap', name: 'local' }

/** The whole server, with requests that say themselves who they come from. */
export async function startApi(
  scratch: Scratch,
  environment: Record<string, string> = {},
  clock?: Clock,
): Promise<Api> {
  const server = await startTestServer(scratch, { environment, ...(clock && { clock }) })
  const actors = new Map<string, Act['actor']>()
  server.web.identifyBy(async (request) => {
    const actor = actors.get(String(request.headers['x-test-actor']))
    return actor && { actor, via: 'bootstrap' }
  })
  return {
    ...server,
    call: async (method, path, body, { headers = {}, actor = operator } = {}) => {
      const key = actor === null ? 'nobody' : `${actor.type}:${'id' in actor ? actor.id : actor.name}`
      if (actor !== null) actors.set(key, actor)
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: {
          'x-test-actor': key,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
    },
  }
}
