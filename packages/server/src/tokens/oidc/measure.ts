import { activeSpan, type Meter } from '#kernel'
import { assertionGrant, exchangeGrant } from '../exchange/grant-types.ts'

const grants = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:openid:params:grant-type:ciba',
  exchangeGrant,
  assertionGrant,
] as const
const refusals = [
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'unauthorized_client',
  'unsupported_grant_type',
  'temporarily_unavailable',
  'authorization_pending',
  'slow_down',
  'invalid_dpop_proof',
  'use_dpop_nonce',
] as const

/** The token endpoint's indicators. Labels are from closed sets. */
export class TokenMeasures {
  readonly #duration
  readonly #requests
  readonly #reuse

  constructor(meter: Meter) {
    this.#duration = meter.hotSeconds<'grant_type'>(
      'token_issuance_duration_seconds',
      'Time from a token request to its committed reply',
      [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1],
    )
    this.#requests = meter.counter('token_requests_total', 'Token requests by outcome', ['grant_type', 'outcome'])
    this.#reuse = meter.counter('token_reuse_detected_total', 'Codes and refresh tokens that came a second time')
  }

  observe(grantType: unknown, status: number, error: unknown, seconds: number): void {
    const grant_type = (grants as readonly unknown[]).includes(grantType) ? (grantType as string) : 'other'
    const outcome =
      status < 400
        ? 'issued'
        : (refusals as readonly unknown[]).includes(error)
          ? (error as string)
          : status >= 500
            ? 'error'
            : 'refused'
    this.#requests.inc({ grant_type, outcome })
    if (status < 400) this.#duration.series(grant_type, () => ({ grant_type })).observe(seconds)
    const span = activeSpan()
    span?.set('gatehouse.token.grant_type', grant_type)
    span?.set('gatehouse.token.outcome', outcome)
  }

  reuseDetected(): void {
    this.#reuse.inc()
  }
}
