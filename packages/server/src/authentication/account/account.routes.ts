import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isFault, Secret } from '#kernel'
import { readFactors } from '../factors/factors.ts'
import { offeredProviders } from '../federation/offer.ts'
import { csrfOf } from '../http/cookies.ts'
import { requireOwnForm } from '../http/own-form.ts'
import { type Resident, requireResident } from '../http/visitor.ts'
import type { Texts } from '../languages/languages.ts'
import type { Says } from '../languages/say.ts'
import { sayFault } from '../languages/say-fault.ts'
import { accountPage, newPasskeyPage } from '../pages/account.page.ts'
import { newPasswordPage, recoveryCodesPage, totpPage } from '../pages/enrol.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import { isPasskeyFault } from '../passkeys/attestation.ts'
import type { Services } from '../services.ts'
import { listTrustedDevices } from '../sign-in/device.store.ts'
import { forgetDevices } from '../sign-in/remembered.ts'
import { showTotp } from '../totp/totp.ts'
import { ChangeFactors } from './change-factors.ts'
import { mayClose } from './close-account.ts'

const done = {
  password: 'donePassword',
  totp: 'doneTotp',
  totpRemoved: 'doneTotpRemoved',
  passkey: 'donePasskey',
  removed: 'doneRemoved',
  ended: 'doneEnded',
  profile: 'doneProfile',
  email: 'doneEmail',
  linked: 'doneLinked',
  unlinked: 'doneUnlinked',
} as const satisfies Record<string, keyof Texts['account']>

/** My account: how I sign in, and where. */
export function addAccountRoutes(app: FastifyInstance, services: Services): void {
  const { storage, clock, sessions, web, conditions } = services
  const change = new ChangeFactors(services)

  const show = async (reply: FastifyReply, resident: Resident, said: { good?: Says | undefined; wrong?: Says }) => {
    const { person, session, token } = resident
    const factors = await readFactors(storage.db, person.organizationId, person.id)
    const listed = await sessions.list(person.organizationId, person.id)
    const { describeIdentities } = await import('../federation/link-identity.ts')
    const page = accountPage({
      form: { csrf: csrfOf(token) },
      nowMs: clock.nowMs(),
      person: {
        name: person.name,
        username: person.username,
        email: person.email,
        organization: person.organization,
      },
      ...factors,
      devices: await listTrustedDevices(storage.db, person.organizationId, person.id, clock.nowMs()),
      sessions: await Promise.all(
        listed.map(async (each) => ({
          ...each,
          current: each.id === session.id,
          country: await conditions.countryOf(each.address),
        })),
      ),
      identities: await describeIdentities(storage.db, services, person),
      providers: await offeredProviders(services, person.organization),
      mayClose: mayClose(person),
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
    const key = typeof what === 'string' && Object.hasOwn(done, what) ? done[what as keyof typeof done] : undefined
    const good: Says | undefined = what === 'forgotten' ? (t) => t.devices.done : key && ((t) => t.account[key])
    return show(reply, resident, { good })
  })

  const askPassword = (reply: FastifyReply, { token, person }: Resident, wrong?: Says) =>
    sendPage(
      reply,
      newPasswordPage({
        form: { csrf: csrfOf(token) },
        action: '/account/password',
        login: person.username,
        back: '/account',
        organization: person.organization,
        wrong,
      }),
      wrong === undefined ? 200 : 422,
    )
  app.get('/account/password', async (request, reply) =>
    askPassword(reply, await requireResident(services, request, { fresh: true, returnTo: '/account/password' })),
  )
  app.post('/account/password', async (request, reply) => {
    const { resident, form } = await posted(request, true)
    if (form.password !== form.again) return askPassword(reply, resident, (t) => t.common.notTheSame)
    try {
      await change.password(resident, new Secret(form.password ?? ''))
      return back(reply, 'password')
    } catch (error) {
      if (!isFault(error, 'authentication.password_weak')) throw error
      return askPassword(reply, resident, sayFault(error))
    }
  })

  const askCode = async (reply: FastifyReply, resident: Resident, wrong?: Says) => {
    const { text, qr } = await showTotp(await change.totpSecret(resident), resident.person.username)
    const form = { csrf: csrfOf(resident.token) }
    const { organization } = resident.person
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
      return askCode(reply, resident, sayFault(error))
    }
  })

  app.post('/account/totp/remove', async (request, reply) => {
    const { resident } = await posted(request, true)
    try {
      await change.removeTotp(resident)
      return back(reply, 'totpRemoved')
    } catch (error) {
      if (!isFault(error, 'authentication.last_factor')) throw error
      return show(reply, resident, { wrong: (t) => t.account.lastFactor })
    }
  })

  const askPasskey = async (reply: FastifyReply, resident: Resident, wrong?: Says) => {
    const options = JSON.stringify(await change.passkeyOptions(resident))
    return sendPage(
      reply,
      newPasskeyPage({
        form: { csrf: csrfOf(resident.token) },
        organization: resident.person.organization,
        options,
        wrong,
      }),
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
      if (!isFault(error) || !isPasskeyFault(error)) throw error
      return askPasskey(reply, resident, sayFault(error))
    }
  })
  app.post('/account/passkeys/:id/remove', async (request, reply) => {
    const { resident } = await posted(request, true)
    try {
      await change.removePasskey(resident, (request.params as { id: string }).id)
      return back(reply, 'removed')
    } catch (error) {
      if (!isFault(error, 'authentication.last_factor')) throw error
      return show(reply, resident, { wrong: (t) => t.account.lastFactor })
    }
  })

  app.post('/account/recovery-codes', async (request, reply) => {
    const { resident } = await posted(request, true)
    const codes = await change.recoveryCodes(resident)
    const { organization } = resident.person
    return sendPage(reply, recoveryCodesPage({ codes, next: '/account', organization }))
  })

  app.post('/account/devices/:id/forget', async (request, reply) => {
    const { person, act } = (await posted(request, false)).resident
    const { id } = request.params as { id: string }
    await storage.transact((tx) => forgetDevices(tx, services, act, person, 'forgotten by its person', id))
    return reply.redirect('/account?done=forgotten', 303)
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
