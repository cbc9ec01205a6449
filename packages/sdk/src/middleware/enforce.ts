import { GatehouseError } from '../errors.ts'
import type { EntityRef, EvaluationResult } from '../evaluation.ts'
import type { Gatehouse } from '../gatehouse.ts'
import { readStepUp } from '../obligations.ts'
import { requestIdOf } from '../remote/centre.ts'
import type { AccessTokenClaims } from '../tokens/claims.ts'
import type { PresentedRequest } from '../tokens/presented.ts'
import { type Authentication, requireAction, requireAuthentication, requireScope } from '../tokens/step-up.ts'

type Of<Request, T> = T | ((request: Request) => T | Promise<T>)

/** What a route needs. Whatever is a function gets the framework's own request. */
export interface Requirement<Request> {
  readonly action: Of<Request, string>
  readonly resource: Of<Request, EntityRef>
  readonly context?: Of<Request, Readonly<Record<string, unknown>>>
  /** Default: whom the token speaks for, as `User`, `Machine` or `Application`. */
  readonly subject?: (claims: AccessTokenClaims, request: Request) => EntityRef | Promise<EntityRef>
  /** A scope that the token must have, besides. */
  readonly scope?: string
  /** How the person must have signed in, besides what policies ask by obligations. */
  readonly authentication?: Authentication
  /** Meet obligations by type, other than `step-up`; whatever it throws denies. An obligation nobody meets denies. */
  readonly obligations?: Readonly<
    Record<string, (properties: Readonly<Record<string, unknown>>) => void | Promise<void>>
  >
}

/** What a handler behind `authorize()` knows. */
export interface Authorized {
  readonly claims: AccessTokenClaims
  readonly subject: EntityRef
  readonly result: EvaluationResult
  /** Names this request here, in Gatehouse's log and with its decision. */
  readonly requestId: string
}

/** An answer for whoever is not let through: problem details (RFC 9457). */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type Enforced = { readonly authorized: Authorized } | { readonly refusal: Refusal }

const types: Readonly<Record<string, string>> = { user: 'User', machine: 'Machine', app: 'Application' }

/** A token's subject as the directory has it. @throws {GatehouseError} `token.invalid` for none that Gatehouse issues */
export function subjectOf({ sub }: AccessTokenClaims): EntityRef {
  const prefix = sub.slice(0, Math.max(0, sub.indexOf('_')))
  const type = Object.hasOwn(types, prefix) ? types[prefix] : undefined
  if (type === undefined) throw new GatehouseError('token.invalid', 'The token speaks for nobody the directory has')
  return { type, id: sub }
}

/**
 * Token, scope, decision, obligations: in this order, and only all of them let a request through. INVARIANT: it never throws and
 * never lets through what it could not decide; whatever goes wrong becomes a refusal.
 */
export async function enforce<Request>(
  gatehouse: Gatehouse,
  requirement: Requirement<Request>,
  request: Request,
  presented: () => PresentedRequest,
  givenRequestId: unknown,
): Promise<Enforced> {
  const requestId = requestIdOf(givenRequestId)
  try {
    const claims = await gatehouse.verifyRequest(presented())
    if (requirement.scope !== undefined) requireScope(claims, requirement.scope)
    if (requirement.authentication !== undefined)
      requireAuthentication(claims, requirement.authentication, gatehouse.nowMs())
    const subject = requirement.subject === undefined ? subjectOf(claims) : await requirement.subject(claims, request)
    const action = await settle(requirement.action, request)
    if (claims.actions !== undefined) requireAction(claims.actions, action)
    const resource = await settle(requirement.resource, request)
    const context = requirement.context === undefined ? undefined : await settle(requirement.context, request)
    const result = await gatehouse.evaluate(
      { subject, action: { name: action }, resource, ...(context !== undefined && { context }) },
      { requestId },
    )
    // A policy may deny because the sign-in was too weak: the obligation then says what would be enough.
    await meet(requirement, claims, result, gatehouse.nowMs())
    if (result.decision !== true) throw new GatehouseError('decision.denied', 'You may not do this')
    return { authorized: { claims, subject, result, requestId } }
  } catch (error) {
    return { refusal: refusalOf(error, requestId, gatehouse.onError) }
  }
}

async function meet<Request>(
  requirement: Requirement<Request>,
  claims: AccessTokenClaims,
  { decision, obligations }: EvaluationResult,
  nowMs: number,
): Promise<void> {
  for (const obligation of obligations) {
    if (obligation.type === 'step-up') {
      const wanted = readStepUp(obligation)
      if (wanted === undefined) throw new GatehouseError('decision.denied', 'An obligation could not be read')
      requireAuthentication(claims, wanted, nowMs)
      continue
    }
    if (!decision) continue
    const handler = requirement.obligations?.[obligation.type]
    if (handler === undefined)
      throw new GatehouseError('decision.denied', 'An obligation of the decision is not met here')
    try {
      await handler(obligation.properties)
    } catch (cause) {
      throw new GatehouseError('decision.denied', 'An obligation of the decision was not met', { cause })
    }
  }
}

const settle = async <Request, T extends string | object>(of: Of<Request, T>, request: Request): Promise<T> =>
  typeof of === 'function' ? of(request) : of

function refusalOf(error: unknown, requestId: string, onError: (error: unknown) => void): Refusal {
  const known = error instanceof GatehouseError ? error : undefined
  if (known === undefined || known.status >= 500 || known.cause !== undefined) onError(error)
  const status = known?.status ?? 503
  const code = known?.code ?? 'remote.unavailable'
  const title = known?.message ?? 'The request could not be authorized'
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...(known?.challenge !== undefined && { 'www-authenticate': known.challenge }),
      ...(known?.retryAfterSeconds !== undefined && { 'retry-after': String(known.retryAfterSeconds) }),
    },
    body: JSON.stringify({ type: `urn:gatehouse:sdk:${code}`, title, status, code, requestId }),
  }
}
