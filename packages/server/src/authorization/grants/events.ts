import { defineEvents } from '#feed'

interface GrantData {
  role: string
  application?: string
  principal: { type: string; id: string }
  resource: { type: string; id: string }
  fromMs: number
  untilMs?: number
}

declare module '#feed' {
  interface EventCatalogue {
    'authorization.grant_created': GrantData & { why: string }
    'authorization.break_glass_granted': GrantData & { why: string }
    'authorization.grant_revoked': GrantData & { reason?: string }
  }
}

defineEvents({
  'authorization.grant_created': 'A role was granted to a principal on a resource, perhaps for a time',
  'authorization.break_glass_granted': 'A role that is kept for emergencies was granted',
  'authorization.grant_revoked': 'A granted role was taken back',
})
