import type { FastifyInstance } from 'fastify'
import { Fault } from '#kernel'
import { readForm } from '../http/own-form.ts'
import { parseOwnPath } from '../http/return-to.ts'
import type { Services } from '../services.ts'
import { isLanguage } from './languages.ts'

const yearMs = 365 * 24 * 3_600_000

/**
 * Keeps the language that somebody chose, and shows the page they were at again. Nothing hangs on it, so that coming from our
 * own origin is proof enough.
 */
export function addLanguageRoutes(app: FastifyInstance, { cookies, web }: Services): void {
  app.post('/language', async (request, reply) => {
    const form = readForm(request)
    if (request.headers.origin !== web.url || !isLanguage(form.language)) throw new Fault('authentication.form_forged')
    cookies.setLanguage(reply, 'language', form.language, yearMs)
    cookies.setLanguage(reply, 'asked-language', undefined)
    return reply.redirect(parseOwnPath(form.return_to, web.url) ?? '/sign-in', 303)
  })
}
