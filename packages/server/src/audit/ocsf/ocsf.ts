import type { FeedEvent } from '#feed'
import {
  accountChange,
  apiActivity,
  authentication,
  authorizeSession,
  classOf,
  detectionFinding,
  entityManagement,
  groupManagement,
  type OcsfVersion,
  roleManagement,
  userAccess,
  userManagement,
} from './classes.ts'
import { actorOf, metadataOf, resourceOf, sourceOf, statusOf, userOf } from './parts.ts'

type Json = Record<string, unknown>

/**
 * An event in the Open Cybersecurity Schema Framework. Classes: 3002 Authentication, 3003 Authorize Session, 3004 Entity
 * Management, 3006 Group Management, 3007 User Management, 3008 Role Management, 6003 API Activity, 2004 Detection Finding.
 * In 1.8, which has no 3007 and 3008, these are 3001 Account Change, 3005 User Access Management and 3004.
 */
export function toOcsf(event: FeedEvent, version: OcsfVersion = '1.9.0'): Json {
  const { classUid, activityId } = version === '1.9.0' ? classOf(event) : olderClass(classOf(event))
  return {
    activity_id: activityId,
    category_uid: Math.floor(classUid / 1_000),
    class_uid: classUid,
    type_uid: classUid * 100 + activityId,
    time: event.atMs,
    ...statusOf(event),
    message: event.type,
    metadata: metadataOf(event, version),
    ...(classUid !== detectionFinding && { actor: actorOf(event, version), src_endpoint: sourceOf(event) }),
    ...(event.context.device !== undefined &&
      classUid !== detectionFinding && { http_request: { user_agent: event.context.device, uid: event.requestId } }),
    ...subjectOf(event, classUid, version),
    unmapped: {
      position: event.position,
      data: event.data,
      ...(event.changes !== undefined && { changes: event.changes }),
      ...(event.context.traceId !== undefined && { trace_id: event.context.traceId }),
      ...(event.context.bundle !== undefined && { policy_bundle: event.context.bundle }),
    },
  }
}

const olderAccount: Readonly<Record<number, number>> = { 1: 1, 3: 6, 4: 2, 5: 5, 8: 3, 9: 4, 12: 10, 13: 11 }

function olderClass({ classUid, activityId }: { classUid: number; activityId: number }) {
  if (classUid === roleManagement) return { classUid: entityManagement, activityId: 3 }
  if (classUid !== userManagement) return { classUid, activityId }
  if (activityId === 16 || activityId === 17) return { classUid: userAccess, activityId: activityId - 15 }
  return { classUid: accountChange, activityId: olderAccount[activityId] ?? 99 }
}

function subjectOf(event: FeedEvent, classUid: number, version: OcsfVersion): Json {
  const data = (event.data ?? {}) as Json
  const list = (name: string) => (Array.isArray(data[name]) ? (data[name] as unknown[]).map(String) : [])
  switch (classUid) {
    case authentication:
      return {
        user: userOf(event),
        service: { name: 'Gatehouse' },
        ...(event.sessionId !== undefined && { session: { uid: event.sessionId } }),
        ...(list('methods').length > 0 && { is_mfa: new Set(list('methods').filter((one) => one !== 'mfa')).size > 1 }),
      }
    case authorizeSession:
      return {
        user: userOf(event),
        privileges: list('scopes').length > 0 ? list('scopes') : [String(data.acr ?? 'none')],
        ...(event.sessionId !== undefined && { session: { uid: event.sessionId } }),
      }
    case groupManagement: {
      const group = event.object.type === 'Group' ? event.object : (data.principal as { id: string })
      const members = list('members')
      return {
        group: { uid: String(group?.id ?? event.object.id), ...(event.object.type === 'Group' && named(event)) },
        ...(version === '1.9.0' && members.length > 0 && { users: members.map((uid) => ({ uid })) }),
        ...(version === '1.8.0' && members.length > 0 && { user: { uid: members[0] } }),
        ...(data.role !== undefined && { privileges: [String(data.role)] }),
      }
    }
    case userManagement:
    case accountChange:
      return {
        user: userOf(event),
        ...(data.role !== undefined &&
          version === '1.9.0' && { iam_roles: [{ name: String(data.role) }], resources: [resourceOf(event)] }),
      }
    case userAccess:
      return { user: userOf(event), privileges: [String(data.role)], resources: [resourceOf(event)] }
    case roleManagement:
      return {
        iam_role: { name: `roles of ${event.object.name ?? event.object.id}`, uid: event.object.id },
        policies: [{ name: event.object.name ?? event.object.id, uid: String(data.hash ?? event.object.id) }],
      }
    case entityManagement:
      return {
        entity: {
          type: event.object.type,
          uid: event.object.id,
          ...named(event),
          ...(event.revision !== undefined && { version: String(event.revision) }),
        },
      }
    case detectionFinding:
      return {
        finding_info: {
          uid: event.object.id,
          title: String(data.objective ?? event.object.name ?? event.type),
          ...(data.says !== undefined && { desc: String(data.says) }),
        },
        is_alert: event.outcome === 'failure',
        resources: [{ type: 'component', name: String(data.component ?? 'Gatehouse') }],
      }
    case apiActivity:
      return { api: { operation: event.type, request: { uid: event.requestId } }, resources: [resourceOf(event)] }
    default:
      return {}
  }
}

const named = (event: FeedEvent): Json => (event.object.name === undefined ? {} : { name: event.object.name })
