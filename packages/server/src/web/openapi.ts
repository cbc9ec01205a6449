import Fastify from 'fastify'
import { allFaults, Type } from '#kernel'
import { type Operation, operation } from './operation.ts'
import { schemaOf } from './route.ts'

const problem = (codes: readonly string[]) => ({
  type: 'object',
  description: 'A problem document (RFC 9457). `code` is stable; docs/faults.md lists all of them.',
  required: ['type', 'title', 'status', 'code', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    code: { type: 'string', enum: codes },
    detail: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { pointer: { type: 'string' }, detail: { type: 'string' }, property: { type: 'string' } },
      },
    },
  },
})

const headers = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'Requests of one sender with the same key and content take effect once and get the same answer; kept 24 h.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'The ETag that was read: a change is refused (412) when the object has changed since.',
    schema: { type: 'string' },
  },
  ConsistencyToken: {
    name: 'Consistency-Token',
    in: 'header',
    required: false,
    description: 'From the answer to a change: the answer to this request reflects at least that change.',
    schema: { type: 'string' },
  },
}

/** Described by a shell of its own that answers nobody, so that only who asks for the description pays for it. */
async function describeOperations(operations: readonly Operation[], url: string): Promise<unknown> {
  const { default: swagger } = await import('@fastify/swagger')
  const nothing = () => () => () => true
  const app = Fastify({
    schemaController: {
      compilersFactory: { buildValidator: nothing as never, buildSerializer: nothing as never },
    },
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Gatehouse', version: '1', description: 'The administration API of Gatehouse.' },
      servers: [{ url }],
      security: [{ bearer: [] }, { session: [] }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'An access token, or the local bootstrap credential.',
          },
          session: { type: 'apiKey', in: 'cookie', name: '__Host-gatehouse', description: 'A signed-in browser.' },
        },
      },
    },
    hideUntagged: true,
    transformObject: (document) => ('openapiObject' in document ? (complete(document.openapiObject) as never) : {}),
  })
  for (const it of operations)
    app.route({ method: it.method, url: it.url, schema: schemaOf(it), handler: async () => undefined })
  await app.ready()
  return app.swagger()
}

type Described = {
  components?: Record<string, unknown>
  paths?: Record<string, Record<string, { parameters?: unknown[]; responses?: Record<string, unknown> }>>
}

function complete(document: unknown): unknown {
  const described = document as Described
  const components = described.components ?? {}
  components.schemas = { ...(components.schemas as object), Problem: problem([...allFaults().keys()].sort()) }
  components.parameters = headers
  components.responses = {
    Problem: {
      description: 'What is wrong, and what to do',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  }
  described.components = components
  for (const methods of Object.values(described.paths ?? {})) {
    for (const [method, it] of Object.entries(methods)) {
      const extra = method === 'post' ? 'IdempotencyKey' : method === 'get' ? 'ConsistencyToken' : 'IfMatch'
      it.parameters = [...(it.parameters ?? []), { $ref: `#/components/parameters/${extra}` }]
      it.responses = { ...it.responses, default: { $ref: '#/components/responses/Problem' } }
    }
  }
  return described
}

export function openapiOperation(web: { readonly operations: readonly Operation[]; readonly url: string }): Operation {
  let document: unknown
  return operation({
    id: 'openapi.get',
    method: 'GET',
    url: '/api/openapi.json',
    summary: 'This description (OpenAPI 3.1)',
    access: { kind: 'open', why: 'It says what every installation of this version says' },
    schemas: { reply: Type.Unknown() },
    handle: async ({ reply }) => {
      document ??= await describeOperations(web.operations, web.url)
      reply.header('cache-control', 'no-cache')
      return document
    },
  })
}
