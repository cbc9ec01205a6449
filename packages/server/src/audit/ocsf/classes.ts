import type { FeedEvent } from '#feed'

export type OcsfVersion = '1.9.0' | '1.8.0'

/** An OCSF class with one of its activities, and which member of the event is its subject. */
export interface Mapping {
  readonly classUid: number
  readonly activityId: number
}

export const authentication = 3002
export const authorizeSession = 3003
export const entityManagement = 3004
export const groupManagement = 3006
export const userManagement = 3007
export const roleManagement = 3008
export const apiActivity = 6003
export const detectionFinding = 2004
/** What 1.8 has in place of the classes that 1.9 added. */
export const accountChange = 3001
export const userAccess = 3005

const exact: Readonly<Record<string, Mapping>> = {
  'authentication.signed_in': { classUid: authentication, activityId: 1 },
  'authentication.rejected': { classUid: authentication, activityId: 1 },
  'authentication.throttled': { classUid: authentication, activityId: 1 },
  'authentication.bootstrap_used': { classUid: authentication, activityId: 1 },
  'authentication.session_ended': { classUid: authentication, activityId: 2 },
  'authentication.sessions_ended': { classUid: authentication, activityId: 2 },
  'authentication.session_rotated': { classUid: authorizeSession, activityId: 1 },
  'tokens.token_issued': { classUid: authorizeSession, activityId: 1 },
  'authentication.password_set': { classUid: userManagement, activityId: 8 },
  'authentication.passkey_added': { classUid: userManagement, activityId: 12 },
  'authentication.totp_enrolled': { classUid: userManagement, activityId: 12 },
  'authentication.recovery_codes_made': { classUid: userManagement, activityId: 12 },
  'authentication.passkey_removed': { classUid: userManagement, activityId: 13 },
  'authentication.factors_reset': { classUid: userManagement, activityId: 13 },
  'directory.user_invited': { classUid: userManagement, activityId: 1 },
  'directory.user_updated': { classUid: userManagement, activityId: 2 },
  'directory.user_deleted': { classUid: userManagement, activityId: 3 },
  'directory.user_activated': { classUid: userManagement, activityId: 4 },
  'directory.user_suspended': { classUid: userManagement, activityId: 5 },
  'directory.user_deactivated': { classUid: userManagement, activityId: 5 },
  'directory.group_members_added': { classUid: groupManagement, activityId: 3 },
  'directory.group_members_removed': { classUid: groupManagement, activityId: 4 },
  'policies.bundle_activated': { classUid: roleManagement, activityId: 8 },
  'observability.alert_opened': { classUid: detectionFinding, activityId: 1 },
  'observability.alert_acknowledged': { classUid: detectionFinding, activityId: 2 },
  'observability.alert_resolved': { classUid: detectionFinding, activityId: 3 },
}

/** Rooms whose events are about entities that an administrator manages. */
const managed = /^(directory|keyring|policies|governance|privileged)\./

/** Every event has a class; what no line above names is managing an entity, or a call of the API. */
export function classOf(event: Pick<FeedEvent, 'type' | 'object' | 'data'>): Mapping {
  const known = exact[event.type]
  if (known !== undefined) return known
  if (event.type === 'authorization.grant_created' || event.type === 'authorization.grant_revoked') {
    const granted = event.type.endsWith('created')
    const { principal } = (event.data ?? {}) as { principal?: { type?: unknown } }
    if (principal?.type === 'Group') return { classUid: groupManagement, activityId: granted ? 1 : 2 }
    return { classUid: userManagement, activityId: granted ? 16 : 17 }
  }
  const classUid = managed.test(event.type) ? entityManagement : apiActivity
  return { classUid, activityId: activityOf(event.type) }
}

/** Create 1, Read 2, Update 3, Delete 4, by the verb that an event type ends in. */
function activityOf(type: string): number {
  if (/_(created|made|added|issued|invited|enrolled|opened|given)$/.test(type)) return 1
  if (/_(read|viewed|listed|exported|used)$/.test(type)) return 2
  if (/_(deleted|removed|revoked|ended|erased)$/.test(type)) return 4
  return 3
}
