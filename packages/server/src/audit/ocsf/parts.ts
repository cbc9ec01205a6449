import type { FeedEvent } from '#feed'
import type { OcsfVersion } from './classes.ts'

type Json = Record<string, unknown>

const product = { name: 'Gatehouse', vendor_name: 'Gatehouse' }

/** OCSF object `metadata`: where the event stands in the audit log is its `uid` and `sequence`. */
export function metadataOf(event: FeedEvent, version: OcsfVersion): Json {
  return {
    version,
    product,
    uid: String(event.position),
    sequence: event.position,
    event_code: event.type,
    correlation_uid: event.requestId,
    log_name: 'audit',
    ...(event.organizationId !== undefined && { tenant_uid: event.organizationId }),
  }
}

/** `status_id` (Success 1, Failure 2) and `severity_id` (Informational 1, Low 2, Medium 3, High 4). */
export function statusOf(event: FeedEvent): Json {
  const data = (event.data ?? {}) as Json
  const alert = event.type === 'observability.alert_opened'
  const severity = alert ? (data.severity === 'page' ? 4 : 3) : { success: 1, failure: 2, denied: 3 }[event.outcome]
  const detail = data.reason ?? data.why
  return {
    severity_id: severity,
    status_id: event.outcome === 'success' || alert ? 1 : 2,
    ...(event.outcome === 'denied' && { status_detail: 'denied' }),
    ...(typeof detail === 'string' && { status_detail: detail }),
  }
}

/** OCSF object `actor`: who did it, the application that carried it, the session. */
export function actorOf(event: FeedEvent, version: OcsfVersion): Json {
  const { through } = event.context
  const { actor } = event
  const app = through ?? (actor.type === 'application' ? { id: actor.id ?? actor.name, name: actor.name } : undefined)
  return {
    user: {
      name: actor.name,
      type_id: userTypes[actor.type] ?? 99,
      ...(actor.id !== undefined && { uid: actor.id }),
    },
    ...(event.sessionId !== undefined && { session: { uid: event.sessionId } }),
    ...(app !== undefined &&
      (version === '1.9.0'
        ? { application: { uid: app.id, ...(app.name !== undefined && { name: app.name }) } }
        : { app_uid: app.id, ...(app.name !== undefined && { app_name: app.name }) })),
  }
}

/** `user.type_id`: Unknown 0, User 1, System 3, Service 4. */
const userTypes: Readonly<Record<string, number>> = {
  user: 1,
  machine: 4,
  application: 4,
  bootstrap: 3,
  system: 3,
  anonymous: 0,
}

/** The person or service account that an event is about: its object, the principal of a grant, else who did it. */
export function userOf(event: FeedEvent): Json {
  const data = (event.data ?? {}) as { principal?: { type: string; id: string }; subject?: unknown; user?: unknown }
  if (data.principal !== undefined)
    return { uid: data.principal.id, type_id: data.principal.type === 'User' ? 1 : 4, ...organizationOf(event) }
  if (event.object.type === 'User' || event.object.type === 'Machine')
    return {
      uid: event.object.id,
      type_id: event.object.type === 'User' ? 1 : 4,
      ...(event.object.name !== undefined && { name: event.object.name }),
      ...organizationOf(event),
    }
  const uid = data.subject ?? data.user ?? event.actor.id
  return {
    ...(typeof uid === 'string' ? { uid } : { name: event.actor.name }),
    type_id: typeof uid === 'string' && uid.startsWith('user_') ? 1 : (userTypes[event.actor.type] ?? 0),
    ...organizationOf(event),
  }
}

/** OCSF object `network_endpoint`; what comes from nowhere (a timer, a start) has a name instead of an address. */
export function sourceOf(event: FeedEvent): Json {
  return event.address === undefined ? { name: event.actor.name } : { ip: event.address }
}

/** OCSF object `resource_details`. */
export function resourceOf(event: FeedEvent): Json {
  const { resource } = (event.data ?? {}) as { resource?: { type?: unknown; id?: unknown } }
  if (typeof resource?.type === 'string' && typeof resource.id === 'string')
    return { type: resource.type, uid: resource.id }
  const { type, id, name } = event.object
  return { type, uid: id, ...(name !== undefined && { name }) }
}

const organizationOf = (event: FeedEvent): Json =>
  event.organizationId === undefined ? {} : { org: { uid: event.organizationId } }
