import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Fault } from '#kernel'
import { toWebFault, type Web } from '#web'
import type { Texts } from '../languages/languages.ts'
import { sayFault } from '../languages/say-fault.ts'
import { at, doorOf } from '../pages/door-of.ts'
import { errorPage } from '../pages/outcome.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import type { Services } from '../services.ts'

/** Thrown where a page needs a session: leads to sign-in and back. */
export class NeedsSignIn extends Error {
  readonly returnTo: string
  /** Whether who has a session must prove again who they are. */
  readonly again: boolean
  constructor(returnTo: string, again = false) {
    super('sign-in needed')
    this.returnTo = returnTo
    this.again = again
  }
}

/** Routes that speak HTML and take forms, apart from the API: faults become pages. */
export function addPages(web: Web, services: Services, routes: (app: FastifyInstance) => void): void {
  const pages = async (app: FastifyInstance): Promise<void> => {
    await app.register(formbody, { bodyLimit: 32 * 1024 })
    app.setErrorHandler((error, request, reply) => sendFault(services, request, reply, error))
    routes(app)
  }
  // Named, or Fastify looks for its name among all modules that are loaded.
  web.app.register(Object.assign(pages, { [Symbol.for('fastify.display-name')]: 'pages' }))
}

const titles: Readonly<Record<string, keyof Texts['outcome']>> = {
  'authentication.link_invalid': 'linkTitle',
  'authentication.form_stale': 'staleTitle',
  'authentication.form_forged': 'forgedTitle',
  'authentication.throttled': 'patienceTitle',
  'authentication.denied': 'deniedTitle',
  'authentication.busy': 'patienceTitle',
}

async function sendFault(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): Promise<FastifyReply> {
  if (error instanceof NeedsSignIn) {
    const query = new URLSearchParams({ return_to: error.returnTo, ...(error.again && { reauthenticate: 'yes' }) })
    return reply.redirect(`/sign-in?${query}`, 303)
  }
  const fault: Fault = toWebFault(error)
  if (fault.status >= 500) request.log.error({ err: fault.cause ?? fault, code: fault.code }, fault.says)
  else request.log.info({ code: fault.code }, fault.says)
  if (fault.retryAfterSeconds !== undefined) reply.header('retry-after', String(fault.retryAfterSeconds))
  const page = errorPage({
    title: (t) => t.outcome[titles[fault.code] ?? (fault.status >= 500 ? 'broken' : 'failed')],
    says: sayFault(fault),
    requestId: fault.status >= 500 || fault.code === 'authentication.denied' ? request.id : undefined,
    next: { href: '/account', label: (t) => t.outcome.startAgain },
  })
  return sendPage(reply, at(await doorOf(services, request), page), fault.status)
}
