import { isId, type Static, Type } from '#kernel'
import { makeCursor, type Operation, operation, pageDefault, pageMost, readCursor } from '#web'
import type { AuthorizationDeps } from '../deps.ts'
import { deployment } from '../gate/gate.ts'
import type { Journal } from './journal.ts'
import type { KeptDecision } from './record.ts'

const uid = Type.Object({ type: Type.String(), id: Type.String() })
const reply = Type.Object({
  number: Type.Integer({ description: 'Its place in this node’s journal; no number is left out' }),
  atMs: Type.Integer(),
  requestId: Type.String(),
  via: Type.Unsafe<KeptDecision['via']>({
    type: 'string',
    enum: ['gate', 'authzen', 'forward-auth', 'ext-authz', 'local', 'sign-in'],
  }),
  applicationId: Type.Optional(Type.String()),
  caller: Type.Optional(uid),
  principal: uid,
  action: uid,
  resource: uid,
  outcome: Type.Unsafe<KeptDecision['outcome']>({
    type: 'string',
    enum: ['allow', 'deny_policy', 'deny_default', 'deny_error'],
  }),
  reasons: Type.Array(Type.String()),
  errors: Type.Array(Type.String()),
  bundle: Type.String(),
  position: Type.Integer(),
  tookMicros: Type.Integer(),
  edge: Type.Optional(
    Type.Object(
      { stream: Type.String(), number: Type.Integer() },
      { description: 'Of a decision that the application made itself: its place in the stream it came in' },
    ),
  ),
})
const query = Type.Object(
  {
    requestId: Type.Optional(Type.String({ maxLength: 128, description: 'All decisions of one request' })),
    applicationId: Type.Optional(Type.String({ description: 'Only those of this application' })),
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$' })),
    cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
  },
  { additionalProperties: false },
)

/** Most records that one page looks through for those of one application. */
const looksThrough = 5_000

export function decisionOperations(deps: AuthorizationDeps, journal: Journal): Operation[] {
  return [
    operation({
      id: 'decisions.list',
      method: 'GET',
      url: '/api/decisions',
      summary: 'Decisions that this node has on record: those of one request, or the newest first',
      access: { kind: 'action', action: 'viewDecisions' },
      schemas: { query, reply: Type.Object({ items: Type.Array(reply), next: Type.Optional(Type.String()) }) },
      handle: async ({ act, query }) => {
        const application = query.applicationId
        const scope = isId('app', application) ? { type: 'Application', id: application } : deployment
        deps.gate.require(act, 'viewDecisions', scope)
        const fits = (record: KeptDecision) => application === undefined || record.applicationId === application
        if (query.requestId !== undefined) return { items: show((await journal.find(query.requestId)).filter(fits)) }
        const limit = Math.min(Number(query.limit ?? pageDefault), pageMost)
        const [before] = query.cursor === undefined ? [undefined] : readCursor('decisions', query.cursor, ['number'])
        const read = await journal.newest(application === undefined ? limit : looksThrough, before)
        const items = read.filter(fits).slice(0, limit)
        const last = items.length === limit ? items.at(-1) : read.at(-1)
        const more = last !== undefined && last.number > 1
        return { items: show(items), ...(more && { next: makeCursor('decisions', [last.number]) }) }
      },
    }),
  ]
}

const show = (records: readonly KeptDecision[]) => records as unknown as Static<typeof reply>[]
