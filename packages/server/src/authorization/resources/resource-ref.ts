import type { ObjectRef } from '#feed'
import type { ApplicationId } from '#kernel'
import type { EntityUid } from '../entities/source.ts'

/** How an event says that it touches a resource of an application. */
export function resourceRef(application: ApplicationId, uid: EntityUid): ObjectRef {
  return { type: 'Resource', id: `${application}/${uid.type}/${uid.id}` }
}

/** The other way; a type name holds no slash, an id may. */
export function readResourceRef(id: string): { application: ApplicationId; uid: EntityUid } {
  const first = id.indexOf('/')
  const second = id.indexOf('/', first + 1)
  return {
    application: id.slice(0, first) as ApplicationId,
    uid: { type: id.slice(first + 1, second), id: id.slice(second + 1) },
  }
}
