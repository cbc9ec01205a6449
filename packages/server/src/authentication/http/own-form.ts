import { timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { Fault } from '#kernel'
import { csrfOf } from './cookies.ts'
import '../faults.ts'

export type Form = Readonly<Record<string, string>>

/** The fields of a form; one that comes twice, or is not text, is left out. */
export function readForm(request: FastifyRequest): Form {
  const form: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries((request.body ?? {}) as Record<string, unknown>))
    if (typeof value === 'string') form[name] = value
  return form
}

/**
 * Refuses a form that another site could have sent, twice over: the browser must say that it comes from our origin, and the
 * form must carry what is bound to the cookie.
 * @param token of the session or pre-session cookie that the page was made for
 * @throws {Fault} `authentication.form_forged`
 */
export function requireOwnForm(request: FastifyRequest, token: string | undefined, ownOrigin: string): Form {
  const site = request.headers['sec-fetch-site']
  const form = readForm(request)
  const given = Buffer.from(form.csrf ?? '')
  const wanted = Buffer.from(token === undefined ? '' : csrfOf(token))
  if (
    (site !== undefined && site !== 'same-origin') ||
    request.headers.origin !== ownOrigin ||
    token === undefined ||
    given.length !== wanted.length ||
    !timingSafeEqual(given, wanted)
  )
    throw new Fault('authentication.form_forged')
  return form
}
