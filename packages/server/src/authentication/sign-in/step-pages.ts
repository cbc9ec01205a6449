import { Fault } from '#kernel'
import { readFactors } from '../factors/factors.ts'
import type { Flow } from '../http/cookies.ts'
import type { Says } from '../languages/say.ts'
import type { Page } from '../pages/layout.ts'
import { factorPage, passwordPage, recoveryPage } from '../pages/sign-in.pages.ts'
import type { Services } from '../services.ts'
import type { Attempt } from './attempt.store.ts'

/** Said where a page cannot go on. */
export const tooLate: Says = (t) => t.common.tooLate

/** A step's page, with what was wrong the last time. */
export type StepPage = (services: Services, flow: Flow, attempt: Attempt, wrong?: Says) => Promise<Page>

const formOf = (flow: Flow, attempt: Attempt) => ({
  csrf: flow.csrf,
  attempt: attempt.id,
  returnTo: attempt.returnTo,
})

export const showPassword: StepPage = async ({ people, storage, outbox }, flow, attempt, wrong) => {
  const { organizationId } = attempt
  const organization = organizationId && (await people.findOrganization(storage.db, organizationId))
  return passwordPage({
    form: formOf(flow, attempt),
    organization: organization || undefined,
    login: attempt.login,
    mail: outbox.sends,
    wrong,
  })
}

export const showFactor: StepPage = async ({ people, storage }, flow, attempt, wrong) => {
  const person = attempt.userId && (await people.find(storage.db, attempt.userId))
  if (!person) throw new Fault('authentication.form_stale')
  const factors = await readFactors(storage.db, person.organizationId, person.id)
  const wants = (factor: string) => attempt.needs.length === 0 || attempt.needs.includes(factor)
  return factorPage({
    form: formOf(flow, attempt),
    organization: person.organization,
    login: attempt.login,
    has: {
      totp: factors.totpEnrolledAtMs !== undefined && wants('totp'),
      passkey: factors.passkeys.length > 0 && wants('passkey'),
      recovery: factors.recoveryCodesLeft > 0 && attempt.needs.length === 0,
    },
    wrong,
  })
}

export const showRecovery: StepPage = async (_services, flow, attempt, wrong) =>
  recoveryPage({ form: formOf(flow, attempt), wrong })
