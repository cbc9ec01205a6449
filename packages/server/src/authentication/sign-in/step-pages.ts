import { Fault } from '#kernel'
import { readFactors } from '../factors/factors.ts'
import { offeredProviders } from '../federation/offer.ts'
import type { Flow } from '../http/cookies.ts'
import type { Says } from '../languages/say.ts'
import { mayUseMail } from '../mail-codes/may-use-mail.ts'
import type { Page } from '../pages/layout.ts'
import { factorPage, passwordPage, recoveryPage } from '../pages/sign-in.pages.ts'
import type { Services } from '../services.ts'
import type { Attempt } from './attempt.store.ts'
import { rememberDaysOf } from './remembered.ts'

/** Said where a page cannot go on. */
export const tooLate: Says = (t) => t.common.tooLate

/** A step's page, with what was wrong the last time. */
export type StepPage = (services: Services, flow: Flow, attempt: Attempt, wrong?: Says) => Promise<Page>

const formOf = (flow: Flow, attempt: Attempt) => ({
  csrf: flow.csrf,
  attempt: attempt.id,
  returnTo: attempt.returnTo,
})

export const showPassword: StepPage = async (services, flow, attempt, wrong) => {
  const { people, storage, outbox } = services
  const { organizationId } = attempt
  const organization = organizationId && (await people.findOrganization(storage.db, organizationId))
  return passwordPage({
    form: formOf(flow, attempt),
    organization: organization || undefined,
    login: attempt.login,
    providers: await offeredProviders(services, organization || undefined, attempt.login),
    mail: outbox.sends,
    mailCode: outbox.sends && (organization || undefined)?.rules.factors?.includes('email'),
    wrong,
  })
}

export const showFactor: StepPage = async (services, flow, attempt, wrong) => {
  const { people, storage } = services
  const person = attempt.userId && (await people.find(storage.db, attempt.userId))
  if (!person) throw new Fault('authentication.form_stale')
  const factors = await readFactors(storage.db, person.organizationId, person.id)
  const rememberDays = rememberDaysOf(services, person)
  const wants = (factor: string) => attempt.needs.length === 0 || attempt.needs.includes(factor)
  return factorPage({
    form: formOf(flow, attempt),
    organization: person.organization,
    login: attempt.login,
    rememberDays: attempt.needs.length === 0 ? rememberDays : undefined,
    has: {
      totp: factors.totpEnrolledAtMs !== undefined && wants('totp'),
      passkey: factors.passkeys.length > 0 && wants('passkey'),
      email: await mayUseMail(storage.db, services, person, attempt),
      recovery: factors.recoveryCodesLeft > 0 && attempt.needs.length === 0,
    },
    wrong,
  })
}

export const showRecovery: StepPage = async (_services, flow, attempt, wrong) =>
  recoveryPage({ form: formOf(flow, attempt), wrong })
