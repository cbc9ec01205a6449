import type { KeptDecision } from '../api/types.ts'

/** The explorer's address for a decision of the journal. */
export function explainPath(it: Pick<KeptDecision, 'applicationId' | 'principal' | 'action' | 'resource'>): string {
  const query = new URLSearchParams({
    ...(it.applicationId !== undefined && { application: it.applicationId }),
    subjectType: it.principal.type,
    subjectId: it.principal.id,
    action: it.action.id,
    resourceType: it.resource.type,
    resourceId: it.resource.id,
  })
  return `/can-she?${query}`
}
