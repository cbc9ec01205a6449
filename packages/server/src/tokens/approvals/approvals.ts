import type { Clock } from '#kernel'
import type { Storage } from '#storage'
import type { AdapterDeps } from '../oidc/adapter.ts'
import type { ClientCache } from '../oidc/clients.ts'
import type { Protocol } from '../oidc/protocol.ts'
import type { PersonSource, SessionSource, TokenPages } from '../ports.ts'

export interface ApprovalDeps extends AdapterDeps {
  readonly url: string
  readonly storage: Storage
  readonly clock: Clock
  readonly protocol: Protocol
  readonly clients: ClientCache
  readonly people: PersonSource
  readonly sessions: SessionSource
  readonly pages: TokenPages
  /** Called once there is something to tell a client. */
  readonly hurry: () => void
}

/** The provider's word for a request of the backchannel. */
export const backchannelKind = 'BackchannelAuthenticationRequest'
