import { Fault, isFault, Type } from '#kernel'
import { type Operation, operation } from '#web'
import type { AuthorizationDeps } from '../deps.ts'
import { isWithinCredential } from './gate.ts'
import { refusePowerOverHigher } from './powers.ts'
import { principalOf } from './principal.ts'

const questionsMost = 200
const text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000]*$' })
const question = Type.Object(
  {
    action: text(64),
    resource: Type.Object({ type: text(200), id: text(1_000) }, { additionalProperties: false }),
  },
  { additionalProperties: false },
)

/**
 * What the sender may do, asked in bulk before it is tried: the console shows no button that would be refused. Nothing is done on
 * the strength of an answer (every act is decided and put on record beside its write), so these are not in the journal.
 */
export function rightsOperations(deps: Pick<AuthorizationDeps, 'snapshot' | 'clock'>): Operation[] {
  const { snapshot, clock } = deps
  return [
    operation({
      id: 'rights.ask',
      method: 'POST',
      url: '/api/rights',
      summary: 'Which of these you may do now: answers in the order of the questions',
      access: { kind: 'self', why: 'anybody may know what they themselves may do', limited: true },
      schemas: {
        body: Type.Object(
          { questions: Type.Array(question, { maxItems: questionsMost }) },
          { additionalProperties: false },
        ),
        reply: Type.Object({ answers: Type.Array(Type.Boolean()) }),
      },
      handle: async ({ act, body }) => {
        const principal = principalOf(act)
        if (principal === undefined) throw new Fault('web.unauthenticated')
        const nowMs = clock.nowMs()
        const may = ({ action: id, resource }: (typeof body.questions)[number]): boolean => {
          if (!snapshot.builtin.actions.has(id) || !isWithinCredential(act, id)) return false
          const action = { type: 'Gatehouse::Action', id }
          if (!snapshot.decideOwn({ principal, action, resource }, nowMs).allow) return false
          try {
            refusePowerOverHigher(deps, act, id, resource)
            return true
          } catch (error) {
            if (isFault(error)) return false
            throw error
          }
        }
        return { answers: body.questions.map(may) }
      },
    }),
  ]
}
