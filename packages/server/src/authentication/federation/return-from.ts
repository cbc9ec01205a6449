import type { Provider } from '#directory'
import { record } from '#feed'
import { type Act, isFault } from '#kernel'
import type { Person } from '../deps.ts'
import type { Flow } from '../http/cookies.ts'
import type { Language } from '../languages/languages.ts'
import type { Services } from '../services.ts'
import { hashToken } from '../sessions/session.ts'
import { actOfPerson } from '../sessions/sessions.ts'
import { deleteAttempt, saveAttempt } from '../sign-in/attempt.store.ts'
import { newAttempt } from '../sign-in/begin.ts'
import type { Outcome, Visitor } from '../sign-in/proving.ts'
import { type FederationFlow, flowSecrets, hashState, takeFlow } from './flow.store.ts'
import type { FederationOutcome } from './health.ts'
import { findIdentity, hashSubject, type Identity, useIdentity } from './identity.store.ts'
import { knownAs, linkIdentity } from './link-identity.ts'
import { type Brought, bring } from './provision.ts'
import { type Assertion, UpstreamProblem } from './upstream.ts'
import '../events.ts'

/** Why somebody who came back goes no further, for a page to say. */
export type Ending =
  | { readonly kind: 'stale' | 'unreachable' | 'invalid' | 'refused' | 'not_linked' | 'taken' | 'linked' | 'many' }
  | { readonly kind: Exclude<Brought['kind'], 'person' | 'not_brought'> }
  | { readonly kind: 'throttled'; readonly seconds: number }

export interface Returned {
  readonly provider: Provider | undefined
  /** Undefined where it is not known which journey this was. */
  readonly flow: FederationFlow | undefined
  readonly outcome: Outcome | undefined
  readonly ending: Ending | undefined
}

export interface Return {
  readonly act: Act
  readonly visitor: Visitor
  readonly browser: Flow
  readonly provider: Provider | undefined
  /** Query of the callback, as received. */
  readonly brought: URLSearchParams
  readonly language: Language
}

/** How long ago a provider asked that does not say when: too long for what asks for a fresh proof. */
const unsaidMs = 60 * 60_000

/**
 * Takes somebody who comes back from a provider. INVARIANT: the journey is used up before anything is asked of the provider, and
 * belongs to this browser: what is brought twice, or by another, goes nowhere.
 */
export async function returnFrom(services: Services, it: Return): Promise<Returned> {
  const { storage, clock, providerHealth, throttle } = services
  const { provider, browser, brought, act } = it
  const state = brought.get('state') ?? ''
  const key = { stateHash: hashState(state), keyHash: browser.keyHash, providerId: provider?.id ?? ('' as never) }
  const failures = { account: `federated:${browser.keyHash}`, address: act.address, device: undefined }
  const waitMs = await throttle.wait(failures, clock.nowMs())
  if (waitMs > 0) return ended(it, undefined, { kind: 'throttled', seconds: Math.ceil(waitMs / 1_000) })
  const flow = await storage.transact((tx) => takeFlow(tx, key, clock.nowMs()))
  if (flow === undefined || provider?.state !== 'active') {
    providerHealth.count('stale', provider?.id)
    await throttle.take(failures, clock.nowMs())
    return ended(it, undefined, { kind: 'stale' })
  }
  const startedAt = performance.now()
  let assertion: Assertion
  try {
    const way = { state, fresh: flow.fresh, ...flowSecrets(browser.token, state) }
    assertion = await (await services.upstream()).redeem(provider, brought, way)
    providerHealth.took(provider.id, performance.now() - startedAt)
  } catch (error) {
    if (!(error instanceof UpstreamProblem)) throw error
    await fail(services, act, provider, error.outcome, error.message)
    await throttle.take(failures, clock.nowMs())
    return ended(it, flow, { kind: error.outcome })
  }
  if (flow.link !== undefined) return link(services, it, provider, flow, flow.link, assertion)
  return signIn(services, it, provider, flow, assertion)
}

const ended = ({ provider }: Return, flow: FederationFlow | undefined, ending: Ending): Returned => ({
  provider,
  flow,
  outcome: undefined,
  ending,
})

async function fail(services: Services, act: Act, provider: Provider, outcome: FederationOutcome, detail: string) {
  const { storage, clock, providerHealth } = services
  providerHealth.count(outcome, provider.id, detail)
  await storage.transact((tx) =>
    record(tx, act, {
      type: 'authentication.federation_failed',
      atMs: clock.nowMs(),
      organizationId: provider.organizationId,
      object: { type: 'Gatehouse::Provider', id: provider.id, name: provider.name },
      outcome: 'failure',
      data: { provider: provider.name, outcome, detail },
      touches: [],
    }),
  )
}

async function signIn(
  services: Services,
  it: Return,
  provider: Provider,
  flow: FederationFlow,
  assertion: Assertion,
): Promise<Returned> {
  const { storage, people, providerHealth } = services
  const organization = await people.findOrganization(storage.db, provider.organizationId)
  if (organization === undefined) return ended(it, flow, { kind: 'stale' })
  const find = () => findIdentity(storage.db, organization.id, hashSubject(provider.issuer, assertion.subject))
  let identity = await find()
  if (identity === undefined) {
    const brought = await bring(services, it.act, organization, provider, assertion, it.language)
    if (brought.kind === 'person') identity = await find()
    else {
      const says = { not_brought: 'nobody here has this identity', address_known: 'somebody here has this address', waiting: 'waits for an administrator' } // biome-ignore format: one line
      await fail(services, it.act, provider, 'not_linked', says[brought.kind])
      return ended(it, flow, { kind: brought.kind === 'not_brought' ? 'not_linked' : brought.kind })
    }
  }
  const person = identity && (await openAccount(services, it.act, identity))
  if (identity === undefined || person === undefined) return ended(it, flow, { kind: 'not_linked' })
  const outcome = await prove(services, it, provider, flow, assertion, identity, person)
  providerHealth.count('success', provider.id)
  return { provider, flow, outcome, ending: undefined }
}

/** Its person; an account that an administrator has approved opens by its first use. */
async function openAccount(services: Services, act: Act, identity: Identity): Promise<Person | undefined> {
  const { storage, people } = services
  const person = await people.find(storage.db, identity.userId)
  if (!identity.opens || person?.state !== 'invited') return person
  return storage.transact((tx) => people.activate(tx, actOfPerson(act, person), person.id))
}

/** From here on as every way to sign in: refusals alike, second factors, policies, and the session. */
async function prove(
  services: Services,
  { act, visitor, browser }: Return,
  provider: Provider,
  flow: FederationFlow,
  assertion: Assertion,
  identity: Identity,
  person: Person,
): Promise<Outcome> {
  const { storage, clock, proving, providerHealth } = services
  const trusted =
    (assertion.acr !== undefined && provider.trustedAcr.includes(assertion.acr)) ||
    assertion.amr.some((each) => provider.trustedAmr.includes(each))
  const attempt = {
    ...newAttempt(services, browser.keyHash, flow.returnTo, flow.acr),
    stage: 'federated' as const,
    organizationId: person.organizationId,
    userId: person.id,
    login: person.username,
    federation: {
      providerId: provider.id,
      provider: provider.name,
      identityId: identity.id,
      askedAtMs: Math.min(clock.nowMs(), assertion.askedAtMs ?? clock.nowMs() - unsaidMs),
      ...(assertion.sid !== undefined && { sidHash: hashToken(assertion.sid) }),
    },
  }
  await storage.transact((tx) => saveAttempt(tx, attempt))
  const check = async () => ({
    amr: trusted ? ['fed', 'mfa'] : ['fed'],
    ...(trusted && { factors: ['federated_mfa'] }),
    use: (tx: Parameters<typeof useIdentity>[0]) => useIdentity(tx, identity, clock.nowMs()),
  })
  try {
    return await proving.run(act, visitor, { method: 'federated', attempt, person, throttled: false, check })
  } catch (error) {
    await storage.transact((tx) => deleteAttempt(tx, attempt))
    if (isFault(error) && error.status < 500) providerHealth.count('barred', provider.id)
    throw error
  }
}

/** Links what the provider vouches for to whoever is signed in here, in the session in which they wished it. */
async function link(
  services: Services,
  it: Return,
  provider: Provider,
  flow: FederationFlow,
  wish: NonNullable<FederationFlow['link']>,
  assertion: Assertion,
): Promise<Returned> {
  const { storage, clock, outbox, url, providerHealth } = services
  const { current } = it.visitor
  if (current?.session.id !== wish.sessionId || current.person.id !== wish.userId)
    return ended(it, flow, { kind: 'stale' })
  const { person, session } = current
  const act = actOfPerson(it.act, person, session.id)
  try {
    await storage.transact(async (tx) => {
      await linkIdentity(tx, services, act, person, provider, knownAs(assertion), 'self')
      const what = { key: 'identityLinked', name: provider.displayName } as const
      await outbox.put(tx, person, 'factor_changed', { what, atMs: clock.nowMs(), url: `${url}/account` })
    })
  } catch (error) {
    if (isFault(error, 'directory.too_many')) return ended(it, flow, { kind: 'many' })
    if (!isFault(error, 'authentication.identity_taken')) throw error
    await fail(services, act, provider, 'not_linked', 'the identity is linked to somebody else')
    return ended(it, flow, { kind: 'taken' })
  }
  providerHealth.count('success', provider.id)
  return ended(it, flow, { kind: 'linked' })
}
