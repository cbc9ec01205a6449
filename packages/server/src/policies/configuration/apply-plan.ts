import { type Act, Fault, isFault } from '#kernel'
import type { Tx } from '#storage'
import type { PoliciesDeps } from '../deps.ts'
import '../faults.ts'
import { type FileProblem, sayProblems } from '../places/problem.ts'
import type { Known } from './known.ts'
import type { Plan, PlannedChange } from './plan.ts'
import type { Wanted } from './read-configuration.ts'
import { applicationSteps } from './steps/application-steps.ts'
import { directorySteps } from './steps/directory-steps.ts'
import { grantSteps } from './steps/grant-steps.ts'
import { resourceSteps } from './steps/resource-steps.ts'
import type { Applying, Step } from './steps/step.ts'

/**
 * Makes the changes of a plan, inside one transaction whose authorization is settled, in an order in which each finds what it
 * needs: what is new comes before what names it, what goes comes after.
 * @throws {Fault} `policies.configuration_refused` with the file and line of the change that cannot be made
 */
export async function applyPlan(
  tx: Tx,
  deps: PoliciesDeps,
  act: Act,
  plan: Plan,
  wanted: Wanted,
  known: Known,
): Promise<void> {
  const applying: Applying = {
    tx,
    deps,
    act,
    wanted,
    known,
    names: known.names,
    applications: new Map(known.applications),
  }
  const steps: Step[] = [
    ...plan.changes.flatMap((change) => [
      ...directorySteps(applying, change),
      ...applicationSteps(applying, change),
      ...grantSteps(applying, change),
    ]),
    ...resourceSteps(applying, plan.changes),
  ]
  // A stable sort: within a rank the order of the plan stays.
  steps.sort((a, b) => a.rank - b.rank)
  for (const { change, run } of steps) {
    try {
      await run()
    } catch (error) {
      throw refusal(error, change, wanted)
    }
  }
}

/** What a room below says of a change, told at its place in the files. A trouble of the storage stays what it is. */
function refusal(error: unknown, change: PlannedChange, wanted: Wanted): unknown {
  if (!isFault(error) || error.code.startsWith('storage.')) return error
  const { action, kind, organization, name } = change
  const says = `cannot ${action} ${kind} ${organization}/${name}: ${error.detail ?? error.says}`
  const problem: FileProblem = { ...placeOfChange(change, wanted), says }
  return new Fault('policies.configuration_refused', {
    detail: sayProblems([problem]),
    cause: error,
    extra: { ...error.extra, problems: [problem], because: error.code },
  })
}

/** Where a change stands in the files; for a deletion, where its organization does. */
function placeOfChange({ wanted: item, organization }: PlannedChange, wanted: Wanted): Omit<FileProblem, 'says'> {
  const home = wanted.items.find(({ kind, name }) => kind === 'organization' && name === organization)
  const at = (item ?? home)?.at
  if (at === undefined) return { file: '.', line: 1, column: 1 }
  const { line, col } = at.lines.linePos(at.node?.range?.[0] ?? at.at)
  return { file: at.file, line, column: col }
}
