import { deployment, type Gate } from '#authorization'
import { type Clock, Type } from '#kernel'
import type { Storage } from '#storage'
import { type Operation, operation } from '#web'
import { allowedOf } from '../slos/objective.ts'
import type { Watched } from '../slos/slo-file.ts'
import { changeOutcomes, listPolicyChanges, nameOfOwner } from './policy-changes.ts'

export interface ChangesDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly gate: Gate
  readonly watched: Watched
}

/** The objective whose budget changes of policies spend. */
export const changesObjective = 'policy-changes'
const shown = 50

/** Changes of policies, what came of each, and what is left of their error budget. */
export function changesOperations({ storage, clock, gate, watched }: ChangesDeps): Operation[] {
  return [
    operation({
      id: 'policyChanges.list',
      method: 'GET',
      url: '/api/observability/policy-changes',
      summary: 'Changes of policies within 30 days, what came of each, and the error budget that they share',
      access: { kind: 'action', action: 'examine' },
      schemas: {
        reply: Type.Object({
          total: Type.Integer(),
          bad: Type.Integer({ description: 'Rolled back, or named by an alert as its cause' }),
          allowed: Type.Number({ description: 'How many may go wrong in 30 days; one at least' }),
          spent: Type.Boolean({ description: 'More went wrong than that' }),
          items: Type.Array(
            Type.Object({
              ownerId: Type.String({ description: 'The application, or for sign-in policies the organization' }),
              owner: Type.String(),
              number: Type.Integer({ description: 'Of the activation' }),
              hash: Type.String(),
              atMs: Type.Integer(),
              by: Type.String(),
              comment: Type.Optional(Type.String()),
              outcome: Type.String({ description: changeOutcomes.join(', ') }),
              alertId: Type.Optional(Type.String()),
            }),
            { description: `Those that went wrong and the newest, ${shown} at most, the newest first` },
          ),
        }),
      },
      handle: async ({ act }) => {
        gate.require(act, 'examine', deployment)
        const changes = await listPolicyChanges(storage.db, clock.nowMs())
        const wrong = changes.filter(({ outcome }) => outcome !== 'kept')
        const count = { bad: wrong.length, total: changes.length }
        const target = watched.objectives.find(({ name }) => name === changesObjective)?.target ?? 1
        const allowed = allowedOf(count, target)
        const chosen = new Set([...wrong, ...changes].slice(0, shown))
        const names = new Map<string, string>()
        const items = []
        for (const { by, comment, ...change } of changes.filter((one) => chosen.has(one))) {
          const owner = names.get(change.ownerId) ?? (await nameOfOwner(storage.db, change.ownerId))
          names.set(change.ownerId, owner)
          items.push({ ...change, owner, by: by.name, ...(comment !== undefined && { comment }) })
        }
        return { ...count, allowed, spent: wrong.length > allowed, items }
      },
    }),
  ]
}
