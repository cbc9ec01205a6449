import {
  applicationTransitions,
  machineTransitions,
  organizationTransitions,
  providerTransitions,
  type UserState,
  userTransitions,
} from '#directory'
import type { PlannedChange } from './plan.ts'

type Table = Readonly<Record<string, { readonly from: readonly string[]; readonly to: string }>>

const tables: Record<string, { table: Table; first: string }> = {
  organization: { table: organizationTransitions, first: 'active' },
  user: { table: userTransitions, first: 'invited' satisfies UserState },
  machine: { table: machineTransitions, first: 'active' },
  application: { table: applicationTransitions, first: 'active' },
  provider: { table: providerTransitions, first: 'active' },
}

/**
 * The named transitions that lead from the state something has (a new one's first state) to the state the files want, the
 * fewest; none when they say nothing of it. Deletion is never on the way.
 */
export function pathBetween({ kind, wanted, known }: Pick<PlannedChange, 'kind' | 'wanted' | 'known'>): string[] {
  const moves = tables[kind]
  const goal = wanted?.fields.state as string | undefined
  if (moves === undefined || goal === undefined) return []
  const start = (known?.fields.state as string | undefined) ?? moves.first
  return shortest(moves.table, start, goal)
}

function shortest(table: Table, start: string, goal: string): string[] {
  const from = new Map<string, { state: string; by: string }>()
  const open = [start]
  for (let state = open.shift(); state !== undefined && state !== goal; state = open.shift())
    for (const [by, transition] of Object.entries(table)) {
      const { to } = transition
      if (by === 'delete' || !transition.from.includes(state) || to === start || from.has(to)) continue
      from.set(to, { state, by })
      open.push(to)
    }
  const path: string[] = []
  for (let step = from.get(goal); step !== undefined && start !== goal; step = from.get(step.state)) {
    path.unshift(step.by)
    if (step.state === start) break
  }
  return path
}
