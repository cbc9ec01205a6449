import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Fault } from '#kernel'
import { toWebFault, type Web } from '#web'
import { errorPage } from '../pages/outcome.pages.ts'
import { sendPage } from '../pages/send-page.ts'

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
export function addPages(web: Web, routes: (app: FastifyInstance) => void): void {
  const pages = async (app: FastifyInstance): Promise<void> => {
    await app.register(formbody, { bodyLimit: 32 * 1024 })
    app.setErrorHandler((error, request, reply) => sendFault(request, reply, error))
    routes(app)
  }
  // Named, or Fastify looks for its name among all modules that are loaded.
  web.app.register(Object.assign(pages, { [Symbol.for('fastify.display-name')]: 'pages' }))
}

const titles: Readonly<Record<string, string>> = {
  'authentication.link_invalid': 'This link no longer works',
  'authentication.form_stale': 'That took too long',
  'authentication.form_forged': 'This page is out of date',
  'authentication.throttled': 'A little patience',
  'authentication.denied': 'Not here and now',
  'authentication.busy': 'A little patience',
}

function sendFault(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof NeedsSignIn) {
    const query = new URLSearchParams({ return_to: error.returnTo, ...(error.again && { reauthenticate: 'yes' }) })
    return reply.redirect(`/sign-in?${query}`, 303)
  }
  const fault: Fault = toWebFault(error)
  if (fault.status >= 500) request.log.error({ err: fault.cause ?? fault, code: fault.code }, fault.says)
  else request.log.info({ code: fault.code }, fault.says)
  if (fault.retryAfterSeconds !== undefined) reply.header('retry-after', String(fault.retryAfterSeconds))
  const page = errorPage({
    title: titles[fault.code] ?? (fault.status >= 500 ? 'Something went wrong here' : 'That did not work'),
    says: `${fault.detail ?? fault.says}.`.replace(/([.!?])\.$/, '$1'),
    requestId: fault.status >= 500 || fault.code === 'authentication.denied' ? request.id : undefined,
    next: { href: '/account', label: 'Start again' },
  })
  return sendPage(reply, page, fault.status)
}
