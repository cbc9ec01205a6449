import type { ApplicationId, GrantId, OrganizationId } from '#kernel'
import type { EntityUid } from '../entities/source.ts'

/**
 * A role that somebody holds on something, for a time: one link of a template. Role assignments, access-list entries,
 * elevations and break-glass are all this. Permit or forbid is the template's own.
 */
export interface Grant {
  readonly id: GrantId
  /** Of the scope; undefined for the deployment. */
  readonly organizationId: OrganizationId | undefined
  /** The application whose bundle has the role; undefined for the built-in roles. */
  readonly applicationId: ApplicationId | undefined
  readonly role: string
  readonly principal: EntityUid
  /** The scope: this resource and all that lies in it. */
  readonly resource: EntityUid
  readonly fromMs: number
  /** The first millisecond in which it no longer holds; undefined for one without an end. */
  readonly untilMs: number | undefined
  readonly why: string
  readonly grantedBy: { readonly type: string; readonly id?: string; readonly name: string }
  readonly createdAtMs: number
}

/** From `fromMs` (included) to `untilMs` (not included). */
export function isInForce(grant: Pick<Grant, 'fromMs' | 'untilMs'>, nowMs: number): boolean {
  return grant.fromMs <= nowMs && (grant.untilMs === undefined || nowMs < grant.untilMs)
}
