import type { Web } from '#web'
import type { ExportPart } from './account/export-part.ts'
import type { Enrolment } from './enrol/enrolment.ts'
import type { ProviderHealth } from './federation/health.ts'
import type { ProviderSessions } from './federation/provider-sessions.ts'
import type { Upstream } from './federation/upstream.ts'
import type { Cookies } from './http/cookies.ts'
import type { Outbox } from './mail/outbox.ts'
import type { Sessions } from './sessions/sessions.ts'
import type { Standing } from './sessions/standing.ts'
import type { PasskeyDeps } from './sign-in/by-passkey.ts'
import type { Throttle } from './sign-in/throttle.ts'

/** The room, built: what its routes work with. */
export interface Services extends PasskeyDeps {
  readonly web: Web
  readonly sessions: Sessions
  readonly throttle: Throttle
  readonly cookies: Cookies
  readonly enrolment: Enrolment
  readonly outbox: Outbox
  /** Identity providers, as we ask them. */
  readonly upstream: () => Promise<Upstream>
  readonly providerHealth: ProviderHealth
  readonly providerSessions: ProviderSessions
  /** What later rooms keep about people; they add to it when they open. */
  readonly exports: ExportPart[]
  readonly standing: Standing
}
