import type { FastifyBaseLogger } from 'fastify'

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/**
 * The log of one request, made when it first says something: most requests never do, and making pino's child (its bindings
 * redacted and written out) costs as much as reading their body.
 */
export class RequestLogger {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: Record<string, unknown>
  #made: FastifyBaseLogger | undefined

  constructor(parent: FastifyBaseLogger, bindings: Record<string, unknown>) {
    this.#parent = parent
    this.#bindings = bindings
  }

  get #log(): FastifyBaseLogger {
    this.#made ??= this.#parent.child(this.#bindings)
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
