import { definePurposes } from '#keyring'
import type { Tx } from '#storage'
import type { Web } from '#web'
import { addAccountRoutes } from './account/account.routes.ts'
import { deleteExpiredProofs } from './account/address-proof.store.ts'
import { meOperations } from './account/me.routes.ts'
import { addOwnDataRoutes } from './account/own-data.routes.ts'
import { addProfileRoutes } from './account/profile.routes.ts'
import { addBrandRoutes, brandOperations } from './branding/brand.routes.ts'
import { deleteExpiredPreviews } from './branding/preview.store.ts'
import type { AuthenticationDeps } from './deps.ts'
import { addEnrolRoutes } from './enrol/enrol.routes.ts'
import { Enrolment } from './enrol/enrolment.ts'
import { pendingPurpose } from './enrol/pending.ts'
import { deleteExpiredFederatedSessions } from './federation/federated-session.store.ts'
import { addFederationRoutes } from './federation/federation.routes.ts'
import { followProviders } from './federation/follow-providers.ts'
import { ProviderHealth } from './federation/health.ts'
import { identityOperations } from './federation/identity.routes.ts'
import { ProviderSessions } from './federation/provider-sessions.ts'
import type { Upstream } from './federation/upstream.ts'
import { Cookies } from './http/cookies.ts'
import { addPages } from './http/pages-scope.ts'
import { addLanguageRoutes } from './languages/language.routes.ts'
import { linkOperations } from './links/link.routes.ts'
import { deleteExpiredLinks } from './links/link.store.ts'
import { countLetters, MailDelivery } from './mail/deliver.ts'
import { Outbox } from './mail/outbox.ts'
import { openPost } from './mail/post.ts'
import { deleteExpiredMailCodes } from './mail-codes/mail-code.store.ts'
import { serveAssets } from './pages/assets.ts'
import { relyingPartyOf } from './passkeys/ceremonies.ts'
import { BreachedPasswords } from './passwords/breached.ts'
import { importOperations } from './passwords/import.routes.ts'
import { Passwords } from './passwords/passwords.ts'
import { addRecoveryRoutes } from './recovery/recovery.routes.ts'
import { addRegisterRoutes } from './registration/register.routes.ts'
import { registrationOperations } from './registration/registration.routes.ts'
import { deleteOldRegistrations } from './registration/registration.store.ts'
import type { Services } from './services.ts'
import { followDirectory } from './sessions/follow-directory.ts'
import { identifySession } from './sessions/identify-session.ts'
import { sessionOperations } from './sessions/session.routes.ts'
import { deleteExpiredSessions } from './sessions/session.store.ts'
import { Sessions } from './sessions/sessions.ts'
import { addSignOutRoutes } from './sessions/sign-out.routes.ts'
import { Standing } from './sessions/standing.ts'
import { deleteExpiredAttempts } from './sign-in/attempt.store.ts'
import { Conditions } from './sign-in/conditions.ts'
import { Destinations } from './sign-in/destinations.ts'
import { deleteExpiredDevices } from './sign-in/device.store.ts'
import { SignInMeasures } from './sign-in/measures.ts'
import { Proving } from './sign-in/proving.ts'
import { addSignInRoutes } from './sign-in/sign-in.routes.ts'
import { deleteExpiredSuspects } from './sign-in/suspects.ts'
import { deleteExpiredThrottles } from './sign-in/throttle.store.ts'
import { Throttle } from './sign-in/throttle.ts'
import { totpPurpose } from './totp/totp.ts'

definePurposes({
  [totpPurpose]: 'Secrets of authenticator apps',
  [pendingPurpose]: 'Enrolments under way',
})

const sweepMs = 60_000

export interface Authentication {
  readonly sessions: Sessions
  readonly services: Services
  /** Deletes what has expired; runs by itself every minute. */
  sweep(): Promise<void>
  close(): Promise<void>
}

/** Builds the room, adds its routes and ways of identification to the web, and follows the directory. Once, before it listens. */
export async function openAuthentication(deps: AuthenticationDeps, web: Web): Promise<Authentication> {
  const { storage, clock, entropy, meter, onError } = deps
  const sessions = new Sessions(deps)
  const throttle = new Throttle(storage)
  const measures = new SignInMeasures(meter)
  const outbox = new Outbox({ ...deps, sends: deps.mail !== undefined })
  const conditions = new Conditions(deps)
  const destinations = new Destinations()
  const proving = new Proving({ ...deps, sessions, throttle, measures, outbox, conditions, destinations })
  const { breachedPasswordsFile } = deps
  const breached = breachedPasswordsFile === undefined ? undefined : await BreachedPasswords.open(breachedPasswordsFile)
  const passwords = new Passwords({ ...deps, breached })
  const passkeyDeps = { ...deps, proving, passwords, conditions, destinations, rp: relyingPartyOf(deps.url) }
  const enrolment = new Enrolment(passkeyDeps)
  let upstream: Promise<Upstream> | undefined
  const services: Services = {
    ...passkeyDeps,
    web,
    sessions,
    throttle,
    cookies: new Cookies(deps.url, entropy),
    enrolment,
    outbox,
    upstream: () => (upstream ??= import('./federation/upstream.ts').then(({ Upstream }) => new Upstream(deps))),
    providerHealth: new ProviderHealth(deps),
    providerSessions: new ProviderSessions({ clock, sessions }),
    exports: [],
    standing: new Standing({ ...deps, conditions }),
  }

  await followDirectory({ ...deps, sessions })
  await followProviders(services)
  web.identifyBy(identifySession(services))
  web.add(
    ...meOperations(services),
    ...sessionOperations(services),
    ...linkOperations(services),
    ...identityOperations(services),
    ...importOperations(services),
    ...brandOperations(services),
    ...registrationOperations(services),
  )
  addPages(web, services, (app) => {
    serveAssets(app)
    addSignInRoutes(app, services)
    addFederationRoutes(app, services)
    addRecoveryRoutes(app, services)
    addEnrolRoutes(app, services)
    addAccountRoutes(app, services)
    addProfileRoutes(app, services)
    addOwnDataRoutes(app, services)
    addSignOutRoutes(app, services)
    addLanguageRoutes(app, services)
    addRegisterRoutes(app, services)
    addBrandRoutes(app, services)
  })

  const sweep = async () => {
    const nowMs = clock.nowMs()
    const { deleteExpiredFlows } = await import('./federation/flow.store.ts')
    const { deleteOrphanedWaiting } = await import('./federation/waiting.store.ts')
    for (const remove of [
      deleteExpiredFlows,
      deleteOrphanedWaiting,
      deleteExpiredSessions,
      deleteExpiredAttempts,
      deleteExpiredThrottles,
      deleteExpiredSuspects,
      deleteExpiredLinks,
      deleteExpiredDevices,
      deleteExpiredPreviews,
      deleteExpiredMailCodes,
      deleteExpiredProofs,
      deleteExpiredFederatedSessions,
      (tx: Tx, nowMs: number) => deleteOldRegistrations(tx, nowMs - 90 * 86_400_000),
    ])
      await storage.transact((tx) => remove(tx, nowMs))
  }
  const timer = setInterval(() => {
    sweep().catch((error) => onError('authentication expiry', error))
  }, sweepMs)
  timer.unref()
  const letters = countLetters(meter)
  const delivery = deps.mail && new MailDelivery({ ...deps, letters, post: openPost(deps.mail) })
  const close = async () => {
    clearInterval(timer)
    await delivery?.stop()
    await breached?.close()
  }
  return { sessions, services, sweep, close }
}
