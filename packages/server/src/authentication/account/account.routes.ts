import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isFault, Secret } from '#kernel'
import { readFactors } from '../factors/factors.ts'
import { csrfOf } from '../http/cookies.ts'
import { requireOwnForm } from '../http/own-form.ts'
import { type Resident, requireResident } from '../http/visitor.ts'
import { accountPage, newPasskeyPage } from '../pages/account.page.ts'
import { newPasswordPage, recoveryCodesPage, totpPage } from '../pages/enrol.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import type { Services } from '../services.ts'
import { describeAgent } from '../sessions/session.ts'
import { showTotp } from '../totp/totp.ts'
import { ChangeFactors } from './change-factors.ts'
import { sayAgo, sayDay } from './say-when.ts'

const done: Readonly<Record<string, string>> = {
  password: 'Your password is changed. Sessions elsewhere have ended.',
  totp: 'Your authenticator app is set up.',
  totpRemoved: 'The authenticator app is removed. Delete its entry in the app too.',
  passkey: 'Your new passkey works from now on.',
  removed: 'The passkey is removed. Delete it on your device too.',
  ended: 'The session has ended.',
}

/** My account: how I sign in, and where. */
export function addAccountRoutes(app: FastifyInstance, services: Services): void {
  const { storage, clock, sessions, web } = services
  const change = new ChangeFactors(services)

  const show = async (reply: FastifyReply, resident: Resident, said: { good?: string | undefined; wrong?: string }) => {
    const { person, session, token } = resident
    const factors = await readFactors(storage.db, person.organizationId, person.id)
    const listed = await sessions.list(person.organizationId, person.id)
    const nowMs = clock.nowMs()
    const page = accountPage({
      form: { csrf: csrfOf(token) },
      person: {
        name: person.name,
        username: person.username,
        email: person.email,
        organization: person.organization.displayName,
      },
      passwordSetOn: factors.passwordSetAtMs === undefined ? undefined : sayDay(factors.passwordSetAtMs),
      totpSince: factors.totpEnrolledAtMs === undefined ? undefined : sayDay(factors.totpEnrolledAtMs),
      passkeys: factors.passkeys.map(({ id, name, addedAtMs, usedAtMs }) => ({
        id,
        name,
        says: `Added ${sayDay(addedAtMs)}${usedAtMs === undefined ? '' : `, last used ${sayAgo(usedAtMs, nowMs)}`}`,
      })),
      recoveryCodesLeft: factors.recoveryCodesLeft,
      sessions: listed.map((each) => ({
        id: each.id,
        device: describeAgent(each.agent),
        says: [sayAgo(each.id === session.id ? nowMs : each.seenAtMs, nowMs), each.address].filter(Boolean).join(' · '),
        current: each.id === session.id,
      })),
      ...said,
    })
    return sendPage(reply, page, said.wrong === undefined ? 200 : 409)
  }
  const posted = async (request: FastifyRequest, fresh: boolean) => {
    const resident = await requireResident(services, request, { fresh, returnTo: '/account' })
    return { resident, form: requireOwnForm(request, resident.token, web.url) }
  }
  const back = (reply: FastifyReply, what: keyof typeof done) => reply.redirect(`/account?done=${what}`, 303)

  app.get('/account', async (request, reply) => {
    const resident = await requireResident(services, request, { returnTo: '/account' })
    const { done: what } = request.query as { done?: unknown }
    return show(reply, resident, {
      good: typeof what === 'string' && Object.hasOwn(done, what) ? done[what] : undefined,
    })
  })

  const askPassword = (reply: FastifyReply, { token, person }: Resident, wrong?: string) =>
    sendPage(
      reply,
      newPasswordPage({
        form: { csrf: csrfOf(token) },
        action: '/account/password',
        login: person.username,
        back: '/account',
        organization: person.organization.displayName,
        wrong,
      }),
      wrong === undefined ? 200 : 422,
    )
  app.get('/account/password', async (request, reply) =>
    askPassword(reply, await requireResident(services, request, { fresh: true, returnTo: '/account/password' })),
  )
  app.post('/account/password', async (request, reply) => {
    const { resident, form } = await posted(request, true)
    if (form.password !== form.again) return askPassword(reply, resident, 'The two are not the same.')
    try {
      await change.password(resident, new Secret(form.password ?? ''))
      return back(reply, 'password')
    } catch (error) {
      if (!isFault(error, 'authentication.password_weak')) throw error
      return askPassword(reply, resident, error.detail ?? error.says)
    }
  })

  const askCode = async (reply: FastifyReply, resident: Resident, wrong?: string) => {
    const { text, qr } = await showTotp(await change.totpSecret(resident), resident.person.username)
    const form = { csrf: csrfOf(resident.token) }
    const organization = resident.person.organization.displayName
    const page = totpPage({ form, action: '/account/totp', back: '/account', organization, qr, secret: text, wrong })
    return sendPage(reply, page, wrong === undefined ? 200 : 422)
  }
  app.get('/account/totp', async (request, reply) =>
    askCode(reply, await requireResident(services, request, { fresh: true, returnTo: '/account/totp' })),
  )
  app.post('/account/totp', async (request, reply) => {
    const { resident, form } = await posted(request, true)
    try {
      await change.totp(resident, form.code ?? '')
      return back(reply, 'totp')
    } catch (error) {
      if (!isFault(error, 'authentication.code_rejected')) throw error
      return askCode(reply, resident, `${error.says}.`)
    }
  })

  app.post('/account/totp/remove', async (request, reply) => {
    const { resident } = await posted(request, true)
    try {
      await change.removeTotp(resident)
      return back(reply, 'totpRemoved')
    } catch (error) {
      if (!isFault(error, 'authentication.last_factor')) throw error
      return show(reply, resident, { wrong: `${error.says}.` })
    }
  })

  const askPasskey = async (reply: FastifyReply, resident: Resident, wrong?: string) => {
    const options = JSON.stringify(await change.passkeyOptions(resident))
    return sendPage(
      reply,
      newPasskeyPage({ form: { csrf: csrfOf(resident.token) }, options, wrong }),
      wrong === undefined ? 200 : 422,
    )
  }
  app.get('/account/passkeys/new', async (request, reply) =>
    askPasskey(reply, await requireResident(services, request, { fresh: true, returnTo: '/account/passkeys/new' })),
  )
  app.post('/account/passkeys', async (request, reply) => {
    const { resident, form } = await posted(request, true)
    try {
      await change.addPasskey(resident, form.credential ?? '', form.name ?? '')
      return back(reply, 'passkey')
    } catch (error) {
      if (!isFault(error, 'authentication.passkey_rejected')) throw error
      return askPasskey(reply, resident, `${error.says}.`)
    }
  })
  app.post('/account/passkeys/:id/remove', async (request, reply) => {
    const { resident } = await posted(request, true)
    try {
      await change.removePasskey(resident, (request.params as { id: string }).id)
      return back(reply, 'removed')
    } catch (error) {
      if (!isFault(error, 'authentication.last_factor')) throw error
      return show(reply, resident, { wrong: `${error.says}.` })
    }
  })

  app.post('/account/recovery-codes', async (request, reply) => {
    const { resident } = await posted(request, true)
    const codes = await change.recoveryCodes(resident)
    const organization = resident.person.organization.displayName
    return sendPage(reply, recoveryCodesPage({ codes, next: '/account', organization }))
  })

  app.post('/account/sessions/:id/end', async (request, reply) => {
    const { resident } = await posted(request, false)
    const session = await sessions.require((request.params as { id: string }).id, resident.person.id)
    await storage.transact((tx) => sessions.end(tx, resident.act, session, 'ended by its person'))
    sessions.cache.forgetSession(session.id)
    return back(reply, 'ended')
  })
  app.post('/account/sessions/end-others', async (request, reply) => {
    const { resident } = await posted(request, false)
    const { person, session, act } = resident
    await storage.transact((tx) =>
      sessions.endAll(tx, act, person.organizationId, person.id, 'ended by its person', session.id),
    )
    sessions.cache.forgetUser(person.id)
    return back(reply, 'ended')
  })
}
