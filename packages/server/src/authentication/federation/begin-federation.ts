import type { Provider } from '#directory'
import { randomToken } from '#kernel'
import type { Flow } from '../http/cookies.ts'
import type { Language } from '../languages/languages.ts'
import type { Services } from '../services.ts'
import type { Acr } from '../sessions/session.ts'
import { type FederationFlow, flowMs, flowSecrets, hashState, insertFlow } from './flow.store.ts'

export interface Beginning {
  readonly provider: Provider
  readonly flow: Flow
  readonly returnTo: string
  readonly acr?: Acr | undefined
  readonly link?: FederationFlow['link']
  readonly fresh: boolean
  /** What the person has typed already. */
  readonly login?: string | undefined
  readonly language: Language
}

/**
 * Sends somebody to a provider. @returns the address for the browser to go to
 * @throws {UpstreamProblem} when the provider's metadata cannot be had
 */
export async function beginFederation(services: Services, it: Beginning): Promise<string> {
  const { storage, clock, entropy, upstream } = services
  const { provider, flow, link, returnTo, acr, fresh, login, language } = it
  const state = randomToken(entropy)
  const way = { state, fresh, ...flowSecrets(flow.token, state) }
  const address = await (await upstream()).addressOf(provider, way, { login, language })
  await storage.transact((tx) =>
    insertFlow(tx, {
      stateHash: hashState(state),
      keyHash: flow.keyHash,
      organizationId: provider.organizationId,
      providerId: provider.id,
      link,
      returnTo,
      acr,
      fresh,
      expiresAtMs: clock.nowMs() + flowMs,
    }),
  )
  return address
}
