import type { CredentialUses } from '#directory'
import type { Meter } from '#kernel'
import type { SigningAlgorithm } from '#keyring'
import type { Storage } from '#storage'
import type { TokenSpool } from '../spool/spool.ts'
import type { RefusedTokens } from '../verify/refused-tokens.ts'
import type { AccessTokenVerifier } from '../verify/verify-access-token.ts'
import type { AssertionDeps } from '../workloads/assertion.ts'
import type { ProviderDeps } from './provider.ts'

export interface ProtocolDeps extends ProviderDeps {
  readonly storage: Storage
  readonly meter: Meter
  readonly verifier: AccessTokenVerifier
  /** Told of tokens at userinfo that do not count. */
  readonly refused: Pick<RefusedTokens, 'note'>
  /** How outside workloads are let in. */
  readonly assertions: AssertionDeps
  readonly requestsPerSecond: number
  /** Makes the first key of an algorithm, unless there is one. */
  readonly ensureKey: ((algorithm: SigningAlgorithm) => Promise<void>) | undefined
  /** Told of each key that proves somebody. */
  readonly uses: Pick<CredentialUses, 'note'>
  /** Undefined where nothing is bridged. */
  readonly spool: TokenSpool | undefined
  /** Told of what went wrong inside the provider, for the log. */
  readonly onError: (request: { readonly id: string }, error: unknown) => void
}
