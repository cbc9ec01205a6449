import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Organization } from '../deps.ts'
import { offeredProviders } from '../federation/offer.ts'
import { requireOwnForm } from '../http/own-form.ts'
import { parseReturnTo } from '../http/return-to.ts'
import { needsSecondFactor, readVisitor } from '../http/visitor.ts'
import { languageOfTags } from '../languages/languages.ts'
import type { Says } from '../languages/say.ts'
import { addMailCodeRoutes } from '../mail-codes/mail-code.routes.ts'
import { sendPage } from '../pages/send-page.ts'
import { organizationPage, signInPage } from '../pages/sign-in.pages.ts'
import { isOpen } from '../registration/register.ts'
import type { Services } from '../services.ts'
import { isAtLeast, parseAcr } from '../sessions/session.ts'
import { beginSignIn } from './begin.ts'
import { addPasskeyRoutes } from './passkey.routes.ts'
import type { Visitor } from './proving.ts'
import { addStepRoutes } from './step.routes.ts'

/** The pages of sign-in: name, password or passkey, second step. */
export function addSignInRoutes(app: FastifyInstance, services: Services): void {
  app.get('/sign-in', (request, reply) => showFirst(services, request, reply))
  app.post('/sign-in', (request, reply) => takeName(services, request, reply))
  addStepRoutes(app, services)
  addPasskeyRoutes(app, services)
  addMailCodeRoutes(app, services)
}

/**
 * Who is signed in already goes on at once, unless the way here asks for a fresh proof (`reauthenticate`) or a stronger one (`acr`), or
 * one factor is no longer enough. `organization`, `login_hint` and `return_to` come from whoever sent the person here.
 */
async function showFirst(services: Services, request: FastifyRequest, reply: FastifyReply) {
  const { cookies, web } = services
  const query = request.query as Record<string, unknown>
  const text = (name: string) => (typeof query[name] === 'string' ? query[name].slice(0, 254) : undefined)
  const returnTo = parseReturnTo(query.return_to, web.url)
  const { current } = await readVisitor(services, request)
  const acr = parseAcr(query.acr)
  const isWeak = acr !== undefined && current !== undefined && !isAtLeast(current.session.acr, acr)
  const again =
    query.reauthenticate !== undefined ||
    query.restart !== undefined ||
    isWeak ||
    !(await stands(services, request, current))
  if (current !== undefined && !again && !needsSecondFactor(services, current)) return reply.redirect(returnTo, 303)
  const asked = text('ui_locales')
  const language = asked === undefined ? undefined : languageOfTags(asked)
  if (language !== undefined) cookies.setLanguage(reply, 'asked-language', language)
  const flow = cookies.flow(request, reply)
  const named = text('organization')
  const person = query.restart === undefined ? current?.person : undefined
  const organization = await doorOf(services, named)
  const door = organization ?? person?.organization
  const page = signInPage({
    form: { csrf: flow.csrf, returnTo, acr },
    organization: door,
    providers: await offeredProviders(services, door),
    registers: organization !== undefined && isOpen(services, organization),
    login: text('login_hint') ?? person?.username,
    hint: again && person !== undefined ? (t) => (isWeak ? t.signIn.stronger : t.signIn.again) : undefined,
  })
  return sendPage(reply, page)
}

/** Whether sign-in policies let a session that there is go on from here: else its person proves more, or is told why not. */
async function stands(
  { standing, cookies }: Services,
  request: FastifyRequest,
  current: Visitor['current'],
): Promise<boolean> {
  if (current === undefined || !standing.isAsked(current.person.organizationId)) return true
  const going = { ...current, address: request.ip, deviceToken: cookies.read(request, 'device') }
  return (await standing.ask({ requestId: request.id }, going)).kind === 'permit'
}

/** Whose door is shown before anybody said who they are: the named one, else the only one there is where it has its own brand, takes
 * people by themselves or has identity providers. */
async function doorOf(services: Services, named: string | undefined): Promise<Organization | undefined> {
  const { people, storage } = services
  if (named !== undefined) return people.findOrganization(storage.db, named)
  const only = await people.findOnlyOrganization(storage.db)
  const own = only?.branding !== undefined || only?.registration?.open === true
  return own || (await offeredProviders(services, only)).length > 0 ? only : undefined
}

/** Begins an attempt, or asks which organization it is. */
async function takeName(services: Services, request: FastifyRequest, reply: FastifyReply) {
  const { cookies, web } = services
  const form = requireOwnForm(request, cookies.read(request, 'flow'), web.url)
  const flow = cookies.flow(request, reply)
  const login = (form.login ?? '').trim()
  const organization = form.organization?.trim() || undefined
  const returnTo = parseReturnTo(form.return_to, web.url)
  const acr = parseAcr(form.acr)
  const state = { csrf: flow.csrf, returnTo, acr }
  if (login === '' || login.length > 254)
    return sendPage(reply, signInPage({ form: state, wrong: (t) => t.signIn.enterLogin }), 422)
  const begun = await beginSignIn(services, { keyHash: flow.keyHash, login, organization, returnTo, acr })
  if (begun.kind === 'begun') return reply.redirect('/sign-in/password', 303)
  const wrong: Says | undefined =
    begun.kind === 'organization_unknown' ? (t) => t.signIn.organizationUnknown : undefined
  const page = organizationPage({ form: state, login, value: organization, wrong })
  return sendPage(reply, page, wrong === undefined ? 200 : 422)
}
