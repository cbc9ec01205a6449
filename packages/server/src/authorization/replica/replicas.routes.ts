import { isId, type Static, Type } from '#kernel'
import { makeCursor, type Operation, operation, pageDefault, pageMost, readCursor } from '#web'
import type { AuthorizationDeps } from '../deps.ts'
import { deployment } from '../gate/gate.ts'
import type { ReplicaRegister } from './replica-register.ts'
import { noteMs } from './replica-register.ts'
import { listReplicas, type ReplicaRow } from './replicas.store.ts'

const timeMs = (description: string) => Type.Integer({ description })
const reply = Type.Object({
  applicationId: Type.String(),
  name: Type.String({ description: 'The stream that its decisions come in by' }),
  connected: Type.Boolean(),
  node: Type.Optional(Type.String({ description: 'The node that it follows, or followed last' })),
  principal: Type.Optional(Type.Object({ type: Type.String(), id: Type.String() }, { description: 'Who holds it' })),
  openedAtMs: Type.Optional(timeMs('When it connected last')),
  lastSeenAtMs: timeMs('When it was connected last, or its decisions came in'),
  told: Type.Optional(Type.Integer({ description: 'Number of the newest change it was told of since it connected' })),
  asOfMs: Type.Optional(timeMs('As of when it has been told everything')),
  stalenessMs: Type.Optional(Type.Integer({ description: 'How old what it decides from is at least' })),
  journal: Type.Object(
    {
      sequence: Type.Integer({ description: 'Of the newest batch; 0 for none' }),
      next: Type.Integer({ description: 'The number that its next decision has: one more than have come in' }),
      watermarkMs: timeMs('Everything that it decided before then has come in; 0 for nothing'),
      lagMs: Type.Optional(Type.Integer({ description: 'How long ago the watermark is' })),
    },
    { description: 'Its decisions, as they came in' },
  ),
})
const query = Type.Object(
  {
    applicationId: Type.Optional(Type.String({ description: 'Only those of this application' })),
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$', description: `1 to ${pageMost}` })),
    cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
  },
  { additionalProperties: false },
)

/** A node that has noted nothing for so long is gone, and its streams with it. */
const goneMs = 3 * noteMs

export function replicaOperations(deps: AuthorizationDeps, register: ReplicaRegister): Operation[] {
  const show = (row: ReplicaRow): Static<typeof reply> => {
    const nowMs = deps.clock.nowMs()
    const here = register.find(row.application, row.stream)
    const followed = here ?? row.followed
    const connected =
      here !== undefined ||
      (row.followed !== undefined && row.followed.closedAtMs === undefined && row.followed.seenAtMs > nowMs - goneMs)
    const asOfMs = followed?.asOfMs
    return {
      applicationId: row.application,
      name: row.stream,
      connected,
      lastSeenAtMs: here === undefined ? row.updatedAtMs : nowMs,
      ...(followed !== undefined && {
        node: followed.node,
        principal: followed.principal,
        openedAtMs: followed.openedAtMs,
        told: followed.told,
      }),
      ...(asOfMs !== undefined && { asOfMs, stalenessMs: Math.max(0, nowMs - asOfMs) }),
      journal: {
        sequence: row.sequence,
        next: row.next,
        watermarkMs: row.watermarkMs,
        ...(row.watermarkMs > 0 && { lagMs: Math.max(0, nowMs - row.watermarkMs) }),
      },
    }
  }
  return [
    operation({
      id: 'replicas.list',
      method: 'GET',
      url: '/api/replicas',
      summary: 'Replicas that applications hold: connected or not, how old, and how far their decisions have come in',
      access: { kind: 'action', action: 'viewDecisions' },
      schemas: { query, reply: Type.Object({ items: Type.Array(reply), next: Type.Optional(Type.String()) }) },
      handle: async ({ act, query }) => {
        const application = query.applicationId
        const known = isId('app', application) ? application : undefined
        deps.gate.require(act, 'viewDecisions', known === undefined ? deployment : { type: 'Application', id: known })
        if (application !== undefined && known === undefined) return { items: [] }
        const limit = Math.min(Number(query.limit ?? pageDefault), pageMost)
        const after =
          query.cursor === undefined ? undefined : readCursor('replicas', query.cursor, ['string', 'string'])
        const found = await listReplicas(deps.storage.db, known, after, limit + 1)
        const rows = found.slice(0, limit)
        const last = found.length > limit ? rows.at(-1) : undefined
        return {
          items: rows.map(show),
          ...(last !== undefined && { next: makeCursor('replicas', [last.application, last.stream]) }),
        }
      },
    }),
  ]
}
