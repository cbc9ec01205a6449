import type { Context, MiddlewareHandler } from 'hono'
import type { Gatehouse } from '../gatehouse.ts'
import { addressOf } from './address.ts'
import { type Authorized, enforce, type Requirement } from './enforce.ts'

/** `c.get('gatehouse')` is there, and typed, behind `authorize()`. */
export interface AuthorizedEnv {
  Variables: { gatehouse: Authorized }
}

/** Middleware that lets a request through only when its token counts and Gatehouse permits it. */
export function authorize(gatehouse: Gatehouse, requirement: Requirement<Context>): MiddlewareHandler<AuthorizedEnv> {
  return async (c, next) => {
    const dpop = c.req.header('dpop')
    const enforced = await enforce<Context>(
      gatehouse,
      requirement,
      c as unknown as Context,
      () => ({
        authorization: c.req.header('authorization'),
        dpop: dpop?.includes(',') ? dpop.split(',') : dpop,
        method: c.req.method,
        url: addressOf(gatehouse.publicUrl, () => new URL(c.req.url).origin, c.req.url),
      }),
      c.req.header('x-request-id'),
    )
    if ('refusal' in enforced) {
      const { status, headers, body } = enforced.refusal
      return new Response(body, { status, headers })
    }
    c.set('gatehouse', enforced.authorized)
    c.header('x-request-id', enforced.authorized.requestId)
    await next()
  }
}
