import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import { traceIdOf } from './trace.ts'

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/**
 * The log of one request, made when it first says something: most requests never do, and making pino's child (its bindings
 * redacted and written out) costs as much as reading their body.
 */
export class RequestLogger {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: Record<string, unknown>
  readonly #raw: IncomingMessage
  #made: FastifyBaseLogger | undefined

  constructor(parent: FastifyBaseLogger, bindings: Record<string, unknown>, raw: IncomingMessage) {
    this.#parent = parent
    this.#bindings = bindings
    this.#raw = raw
  }

  get #log(): FastifyBaseLogger {
    if (this.#made === undefined) {
      const traceId = traceIdOf(this.#raw)
      this.#made = this.#parent.child(traceId === undefined ? this.#bindings : { ...this.#bindings, traceId })
    }
    return this.#made
  }

  get level(): string {
    return this.#parent.level
  }

  #say(level: Level, given: unknown[]): void {
    const log = this.#log as unknown as Record<Level, (...given: unknown[]) => void>
    log[level](...given)
  }

  trace(...given: unknown[]): void {
    this.#say('trace', given)
  }
  debug(...given: unknown[]): void {
    this.#say('debug', given)
  }
  info(...given: unknown[]): void {
    this.#say('info', given)
  }
  warn(...given: unknown[]): void {
    this.#say('warn', given)
  }
  error(...given: unknown[]): void {
    this.#say('error', given)
  }
  fatal(...given: unknown[]): void {
    this.#say('fatal', given)
  }
  silent(): void {}

  child(bindings: Record<string, unknown>): FastifyBaseLogger {
    return this.#log.child(bindings)
  }
}
