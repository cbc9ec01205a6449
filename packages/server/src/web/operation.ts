import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Act, Static, TSchema } from '#kernel'
import type { ConsistencyToken } from '#storage'

/** Who may call an operation. Every route has one; the permission matrix is made of them. */
export type Access =
  /** A Cedar action of the built-in bundle (`Gatehouse::Action::"<action>"`), checked beside the write. */
  | { readonly kind: 'action'; readonly action: string }
  /** Anybody with an identity, about nothing but themselves; not by a credential that is for some actions only, unless `limited`. */
  | { readonly kind: 'self'; readonly why: string; readonly limited?: true }
  /** Nobody needs an identity. */
  | { readonly kind: 'open'; readonly why: string }
  /** The operation authenticates by its own protocol (a client at the token endpoint, a gateway). */
  | { readonly kind: 'protocol'; readonly why: string }

export interface OperationSchemas {
  readonly params?: TSchema
  readonly query?: TSchema
  readonly body?: TSchema
  /** The answer's body; without one the operation answers 204. */
  readonly reply?: TSchema
}

type Value<S, K extends keyof OperationSchemas> = S extends { readonly [P in K]: infer T extends TSchema }
  ? Static<T>
  : undefined

export interface OperationRequest<S extends OperationSchemas> {
  readonly act: Act
  readonly params: Value<S, 'params'>
  readonly query: Value<S, 'query'>
  readonly body: Value<S, 'body'>
  /** From `If-Match`: the revision that the caller has read. */
  readonly ifRevision: number | undefined
  /** From `Consistency-Token`: the caller wants to see at least this write. */
  readonly atLeast: ConsistencyToken | undefined
  readonly raw: FastifyRequest
  readonly reply: FastifyReply
}

/** An answer with more than a body. */
export class Answer<T> {
  readonly body: T
  readonly with: AnswerOptions
  constructor(body: T, options: AnswerOptions) {
    this.body = body
    this.with = options
  }
}

export interface AnswerOptions {
  readonly status?: number
  /** Becomes `ETag: "<revision>"`. */
  readonly revision?: number
  /** Becomes `Consistency-Token`. */
  readonly at?: ConsistencyToken
  readonly location?: string
  /** It is the answer of an earlier request with the same Idempotency-Key. */
  readonly replayed?: boolean
}

export interface Operation<S extends OperationSchemas = OperationSchemas> {
  /** Unique; `noun.verb`, as in `users.suspend`. Also the OpenAPI operationId. */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Fastify's spelling: `/api/users/:userId`. */
  readonly url: string
  readonly summary: string
  readonly access: Access
  readonly schemas: S
  /** Media type of an answer that is not JSON: `handle` sends it itself. */
  readonly produces?: string
  /** Largest body in bytes; default 64 KiB. */
  readonly bodyLimit?: number
  readonly handle: (request: OperationRequest<S>) => Promise<Value<S, 'reply'> | Answer<Value<S, 'reply'>>>
}

/** Gives an operation its types from its schemas. */
export function operation<const S extends OperationSchemas>(it: Operation<S>): Operation {
  return it as unknown as Operation
}
