import type { Act, Clock } from '#kernel'
import type { Storage } from '#storage'
import type { RateLimit } from '#web'
import type { PersonSource, RegisteredClient, SessionSource } from '../ports.ts'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import type { TokenSpool } from '../spool/spool.ts'
import type { StatusLists } from '../status-lists/status-lists.ts'
import type { ClientCache } from './clients.ts'
import type { TokenMeasures } from './measure.ts'
import type { Signer } from './signing.ts'

export interface OwnDeps {
  readonly url: string
  readonly storage: Storage
  readonly clock: Clock
  readonly signer: Signer
  readonly clients: ClientCache
  readonly people: PersonSource
  readonly sessions: SessionSource
  readonly revocations: RevocationSet
  readonly statusLists: StatusLists
  readonly refreshGraceMs: number
  readonly limit: RateLimit
  readonly measures: TokenMeasures
  readonly spool: TokenSpool | undefined
  readonly onError: (request: { readonly id: string }, error: unknown) => void
}

/** A token request of a client that has proved itself. */
export interface OwnRequest {
  readonly form: URLSearchParams
  readonly client: RegisteredClient
  /** Where it comes from, for the record. */
  readonly sent: Act
}

/** What its answer is made of: all that is decided and signed, and how it becomes durable. */
export interface OwnAnswer {
  readonly body: Readonly<Record<string, unknown>>
  /** Durable once it returns. @returns false when it may not be given after all, and nothing was kept */
  readonly keep: () => Promise<boolean>
}
