import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { Gatehouse } from '../gatehouse.ts'
import { addressOf } from './address.ts'
import { type Authorized, enforce, type Requirement } from './enforce.ts'

declare global {
  namespace Express {
    interface Request {
      /** Who is let through and why; there behind `authorize()`. */
      gatehouse?: Authorized
    }
  }
}

/** Middleware that lets a request through only when its token counts and Gatehouse permits it. */
export function authorize(gatehouse: Gatehouse, requirement: Requirement<Request>): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const dpop = request.headers.dpop
    const ask = async () =>
      enforce(
        gatehouse,
        requirement,
        request,
        () => ({
          authorization: request.headers.authorization,
          dpop: typeof dpop === 'string' && dpop.includes(',') ? dpop.split(',') : dpop,
          method: request.method,
          url: addressOf(gatehouse.publicUrl, () => `${request.protocol}://${request.host}`, request.originalUrl),
        }),
        request.headers['x-request-id'],
      )
    ask().then(
      (enforced) => {
        if ('refusal' in enforced) {
          const { status, headers, body } = enforced.refusal
          response.status(status).set(headers).send(body)
          return
        }
        request.gatehouse = enforced.authorized
        response.set('x-request-id', enforced.authorized.requestId)
        next()
      },
      (error) => next(error ?? new Error('not authorized')),
    )
  }
}
