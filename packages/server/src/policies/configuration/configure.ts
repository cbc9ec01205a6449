import { keepAdministrators } from '#directory'
import { record } from '#feed'
import { type Act, Fault } from '#kernel'
import type { Reader, Tx, Written } from '#storage'
import type { PoliciesDeps } from '../deps.ts'
import '../events.ts'
import '../faults.ts'
import { Problems, sayProblems } from '../places/problem.ts'
import { applyPlan } from './apply-plan.ts'
import { authorizeChanges } from './authorize-changes.ts'
import { type Known, readKnown } from './known.ts'
import { makePlan, type Plan } from './plan.ts'
import { readConfiguration, type Wanted } from './read-configuration.ts'
import { readResources } from './read-resources.ts'

export interface ConfigurationInput {
  /** Path → text. */
  readonly files: Readonly<Record<string, string>>
  /** Deletes what the organizations of the files have and the files have not. */
  readonly prune: boolean
}

/**
 * What applying the files would change. Everything is tried, in a transaction that is taken back: what this answers can be
 * applied as long as nothing else changes.
 * @throws {Fault} `policies.configuration_invalid` with `problems`, `policies.configuration_refused` where a change cannot be
 * made, `authorization.denied`, `authorization.grant_too_wide`
 */
export async function planConfiguration(deps: PoliciesDeps, act: Act, input: ConfigurationInput): Promise<Plan> {
  const wanted = await readWanted(input)
  const first = await compare(deps.storage.db, deps, wanted, input.prune)
  await authorizeChanges(deps, act, wanted.organizations, first.plan, first.known)
  if (first.plan.changes.length === 0) return first.plan
  try {
    return await deps.storage.transact(async (tx) => {
      const { plan, known, wanted: read } = await compare(tx, deps, wanted, input.prune)
      await keepAdministrators(tx, deps.clock.nowMs(), () => applyPlan(tx, deps, act, plan, read, known))
      throw new Tried(plan)
    })
  } catch (error) {
    if (error instanceof Tried) return error.plan
    throw error
  }
}

/** Takes a transaction back after its changes were found possible. */
class Tried extends Error {
  readonly plan: Plan
  constructor(plan: Plan) {
    super('taken back')
    this.plan = plan
  }
}

/**
 * Applies the files: all of it in one transaction, each change with its own event. Files that are applied already change
 * nothing, so that a repeated request is safe.
 * @param fingerprint of the plan that the caller has seen
 * @throws {Fault} `policies.plan_outdated` when the plan is not that one any more, and as `planConfiguration`
 */
export async function applyConfiguration(
  deps: PoliciesDeps,
  act: Act,
  input: ConfigurationInput & { readonly fingerprint: string },
): Promise<Written<Plan>> {
  const wanted = await readWanted(input)
  const first = await compare(deps.storage.db, deps, wanted, input.prune)
  await authorizeChanges(deps, act, wanted.organizations, first.plan, first.known)
  return deps.storage.write(async (tx) => {
    const { plan, known, wanted: read } = await compare(tx, deps, wanted, input.prune)
    if (plan.changes.length === 0) return plan
    // INVARIANT: what is applied was authorized just now and seen by the caller: all three are one plan.
    if (plan.fingerprint !== input.fingerprint || plan.fingerprint !== first.plan.fingerprint)
      throw new Fault('policies.plan_outdated')
    await keepAdministrators(tx, deps.clock.nowMs(), () => applyPlan(tx, deps, act, plan, read, known))
    await recordApplied(tx, deps, act, plan, known)
    return plan
  })
}

async function readWanted({ files }: ConfigurationInput): Promise<Wanted> {
  const problems = new Problems()
  const wanted = await readConfiguration(files, problems)
  if (wanted === undefined) throw invalid(problems)
  return wanted
}

async function compare(
  db: Reader,
  deps: PoliciesDeps,
  wanted: Wanted,
  prune: boolean,
): Promise<{ plan: Plan; known: Known; wanted: Wanted }> {
  const known = await readKnown(db, wanted.organizations, deps.clock.nowMs())
  const problems = new Problems()
  const read = await readResources(db, wanted, known, problems)
  if (problems.any) throw invalid(problems)
  return { plan: makePlan(read, known, prune), known, wanted: read }
}

function invalid(problems: Problems): Fault {
  const detail = sayProblems(problems.list)
  return new Fault('policies.configuration_invalid', { detail, extra: { problems: problems.list } })
}

async function recordApplied(tx: Tx, deps: PoliciesDeps, act: Act, plan: Plan, known: Known): Promise<void> {
  const byOrganization = Map.groupBy(plan.changes, ({ organization }) => organization)
  for (const [name, changes] of byOrganization) {
    const count = (action: string) => changes.filter((change) => change.action === action).length
    const id = await known.names.idOf({ kind: 'organization', organization: name, name })
    await record(tx, act, {
      type: 'policies.configuration_applied',
      atMs: deps.clock.nowMs(),
      organizationId: id as never,
      object: { type: 'Configuration', id: id as string, name },
      data: {
        creates: count('create'),
        updates: count('update'),
        deletes: count('delete'),
        fingerprint: plan.fingerprint,
      },
    })
  }
}
