import type { Act } from '#kernel'
import type { EntityUid } from '../entities/source.ts'

/**
 * Decides Gatehouse's own actions (`Gatehouse::Action::"<action>"`) by the built-in bundle and the grants of administrator
 * roles. Synchronous, on the snapshot; any error denies. Stands beside every write.
 */
export interface Gate {
  /** @throws {Fault} `authorization.denied` (403), or `web.unauthenticated` (401) for the anonymous actor */
  require(act: Act, action: string, resource: EntityUid): void
  may(act: Act, action: string, resource: EntityUid): boolean
}

/** Whether the credential that carries this act is for the action at all: it never gives more than its holder may, and may give less. */
export const isWithinCredential = ({ within }: Act, action: string): boolean =>
  within === undefined || within.includes(action)

/** The root of everything: every organization's parent. */
export const deployment: EntityUid = { type: 'Gatehouse::Deployment', id: 'gatehouse' }
