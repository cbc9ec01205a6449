// Events as a busy deployment writes them, for tests and benches that need many.
import { defineEvents, record } from '#feed'
import type { Act, OrganizationId, UserId } from '#kernel'
import type { Tx } from '#storage'

declare module '#feed' {
  interface EventCatalogue {
    'test.document_read': { document: string; methods: string[]; reason: string }
  }
}
defineEvents({ 'test.document_read': 'A test read a document' })

const organizations = 100
const people = 5_000

/** The nth event of a made-up company: same number, same event. */
export function noteEvent(tx: Tx, number: number): Promise<void> {
  const organizationId = `org_${String(number % organizations).padStart(26, '0')}` as OrganizationId
  const person = number % people
  const act: Act = {
    actor: {
      type: 'user',
      id: `user_${String(person).padStart(26, '0')}` as UserId,
      organizationId,
      name: `person${person}@example.com`,
    },
    requestId: `req_${number.toString(36).padStart(12, '0')}`,
    address: `198.51.100.${number % 256}`,
    sessionId: `sess_${String(number % 20_000).padStart(26, '0')}`,
  }
  return record(tx, act, {
    type: 'test.document_read',
    atMs: 1_790_000_000_000 + number,
    organizationId,
    object: { type: 'Document', id: `doc_${number % 100_000}`, name: `Plan ${number % 1_000}` },
    revision: number,
    outcome: number % 50 === 0 ? 'denied' : 'success',
    data: { document: `doc_${number % 100_000}`, methods: ['webauthn', 'pwd'], reason: 'quarterly review of access' },
  })
}
