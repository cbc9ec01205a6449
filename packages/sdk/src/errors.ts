/** What can go wrong, by stable code; see docs/sdk.md. */
export type ErrorCode =
  | 'token.missing'
  | 'token.malformed'
  | 'token.invalid'
  | 'token.proof_invalid'
  | 'token.step_up'
  | 'token.scope_missing'
  | 'keys.unavailable'
  | 'revocations.stale'
  | 'status.unavailable'
  | 'credentials.refused'
  | 'remote.unavailable'
  | 'remote.refused'
  | 'decision.denied'
  | 'request.invalid'
  | 'replica.stale'
  | 'journal.full'

const statuses: Readonly<Record<ErrorCode, number>> = {
  'token.missing': 401,
  'token.malformed': 400,
  'token.invalid': 401,
  'token.proof_invalid': 401,
  'token.step_up': 401,
  'token.scope_missing': 403,
  'keys.unavailable': 503,
  'revocations.stale': 503,
  'status.unavailable': 503,
  'credentials.refused': 503,
  'remote.unavailable': 503,
  'remote.refused': 503,
  'decision.denied': 403,
  'request.invalid': 400,
  'replica.stale': 503,
  'journal.full': 503,
}

export interface ErrorOptions {
  readonly cause?: unknown
  /** `WWW-Authenticate` to answer with (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3). */
  readonly challenge?: string | undefined
  readonly retryAfterSeconds?: number | undefined
}

/** Everything that the SDK throws on purpose. The message may be shown to a caller; the cause may not. */
export class GatehouseError extends Error {
  readonly code: ErrorCode
  /** What a service should answer with. */
  readonly status: number
  readonly challenge: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'GatehouseError'
    this.code = code
    this.status = statuses[code]
    this.challenge = options.challenge
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
