import { changeResourcesIn, type EntityUid } from '#authorization'
import { applicationOf } from '../item.ts'
import type { PlannedChange } from '../plan.ts'
import { resourceOf } from '../read-resources.ts'
import type { Resource } from '../resource.ts'
import { requireMade } from './application-steps.ts'
import { type Applying, ranks, type Step } from './step.ts'

/** Resources that one change, and so one event, puts or deletes at most. */
const chunk = 1_000

/** The steps of all changes of resources: many at once, as an application itself pushes them. */
export function resourceSteps(applying: Applying, changes: readonly PlannedChange[]): Step[] {
  const resources = changes.filter(({ kind }) => kind === 'resource')
  const byApplication = Map.groupBy(resources, ({ organization, name }) => `${organization}/${applicationOf(name)}`)
  return [...byApplication.values()].flatMap((some) => {
    const [gone, put] = [some.filter(isDeletion), some.filter((change) => !isDeletion(change))]
    return [
      ...cut(put).map((part) => ({ rank: ranks.resource, change: part[0], run: () => putAll(applying, part) })),
      ...cut(gone).map((part) => ({
        rank: ranks.deleteResource,
        change: part[0],
        run: () => deleteAll(applying, part),
      })),
    ]
  })
}

type Part = readonly [PlannedChange, ...PlannedChange[]]
const isDeletion = ({ action }: PlannedChange) => action === 'delete'

function cut(changes: readonly PlannedChange[]): Part[] {
  const parts: Part[] = []
  for (let at = 0; at < changes.length; at += chunk) parts.push(changes.slice(at, at + chunk) as unknown as Part)
  return parts
}

async function putAll(applying: Applying, changes: Part): Promise<void> {
  const { tx, deps, act, names } = applying
  const application = requireMade(applying, changes[0], applicationOf(changes[0].name))
  const put: Resource[] = []
  for (const { wanted } of changes) if (wanted !== undefined) put.push(await resourceOf(wanted, names))
  await changeResourcesIn(tx, deps, act, application, { put, delete: [] })
}

async function deleteAll(applying: Applying, changes: Part): Promise<void> {
  const { tx, deps, act } = applying
  const application = requireMade(applying, changes[0], applicationOf(changes[0].name))
  const gone: EntityUid[] = changes.map(({ known }) => (known?.object as Resource).uid)
  await changeResourcesIn(tx, deps, act, application, { put: [], delete: gone })
}
