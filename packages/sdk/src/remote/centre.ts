import { randomUUID } from 'node:crypto'
import { GatehouseError } from '../errors.ts'
import type { AskOptions, Decider, Evaluation, EvaluationResult } from '../evaluation.ts'
import { readObligations } from '../obligations.ts'
import type { Answer, Caller } from './caller.ts'
import { type ClientCredentials, readJson } from './client-credentials.ts'

export interface CentreOptions {
  readonly url: string
  /** Whose policies are asked; default: the client's own. */
  readonly application?: string | undefined
}

const requestIdShape = /^[\w.:@+/=-]{1,128}$/

/** A request id as Gatehouse takes it; what is none becomes a new one. */
export function requestIdOf(given: unknown): string {
  return typeof given === 'string' && requestIdShape.test(given) ? given : randomUUID()
}

/** Asks the server (AuthZEN 1.0 over HTTP). Every failure throws: there is no decision without an answer. */
export class Centre implements Decider {
  readonly #options: CentreOptions
  readonly #caller: Caller
  readonly #credentials: ClientCredentials

  constructor(options: CentreOptions, caller: Caller, credentials: ClientCredentials) {
    this.#options = options
    this.#caller = caller
    this.#credentials = credentials
  }

  /** @throws {GatehouseError} `remote.unavailable`, `remote.refused`, `request.invalid`, `credentials.refused` */
  async evaluate(evaluation: Evaluation, options: AskOptions = {}): Promise<EvaluationResult> {
    const answer = await this.post('/access/v1/evaluation', evaluation, options)
    return readResult(readJson(answer.body))
  }

  /** Decides a list, each by itself, in order. @throws {GatehouseError} as `evaluate` */
  async evaluateAll(evaluations: readonly Evaluation[], options: AskOptions = {}): Promise<EvaluationResult[]> {
    if (evaluations.length === 0) return []
    const answer = await this.post('/access/v1/evaluations', { evaluations }, options)
    const list = readJson(answer.body)?.evaluations
    if (!Array.isArray(list) || list.length !== evaluations.length)
      throw new GatehouseError('remote.refused', 'Gatehouse answered with another number of decisions')
    return list.map(readResult)
  }

  /** Sends, and takes nothing but 200 for an answer. @throws {GatehouseError} as `evaluate` */
  async post(path: string, body: unknown, options: AskOptions): Promise<Answer> {
    const answer = await this.send(path, body, options)
    if (answer.status === 200) return answer
    const problem = readJson(answer.body)
    const says = `${answer.status} ${String(problem?.detail ?? problem?.title ?? '')}`.trim()
    if (answer.status === 400) throw new GatehouseError('request.invalid', `Gatehouse cannot decide this: ${says}`)
    throw new GatehouseError('remote.refused', `Gatehouse refused to decide (${answer.status})`, {
      cause: new Error(says),
    })
  }

  /** Sends JSON, or bytes that are lines of it, with the service's token, and once more with a new one where the server does not take it. */
  async send(path: string, body: unknown, { requestId, atLeast, signal }: AskOptions): Promise<Answer> {
    const { url, application } = this.#options
    const isLines = body instanceof Uint8Array
    const content = isLines ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body)
    for (let attempt = 1; ; attempt++) {
      const token = await this.#credentials.token()
      const answer = await this.#caller.call({
        url: `${url}${path}`,
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': isLines ? 'application/x-ndjson' : 'application/json',
          'x-request-id': requestIdOf(requestId),
          ...(application !== undefined && { 'gatehouse-application': application }),
          ...(atLeast !== undefined && { 'consistency-token': atLeast }),
        },
        body: content,
        signal,
      })
      if (answer.status !== 401) return answer
      this.#credentials.discard(token)
      if (attempt === 2) return answer
    }
  }
}

/** INVARIANT: whatever is not exactly `true` is a deny, and obligations that cannot be read deny. */
function readResult(body: unknown): EvaluationResult {
  const { decision, context } = (body ?? {}) as { decision?: unknown; context?: unknown }
  if (typeof decision !== 'boolean') throw new GatehouseError('remote.refused', 'Gatehouse answered no decision')
  const obligations = readObligations(context)
  return { decision: decision && obligations !== undefined, obligations: obligations ?? [], by: 'centre' }
}
