import {
  type Application,
  type ApplicationInput,
  type ApplicationTransition,
  addApplication,
  changeApplication,
  moveApplicationIn,
} from '#directory'
import { type ApplicationId, Fault, type OrganizationId } from '#kernel'
import { activateBundle } from '../../bundles/activate-bundle.ts'
import { requireChecked } from '../../bundles/apply-bundle.ts'
import { type Activation, insertBundle } from '../../bundles/bundle.store.ts'
import { signInOwner } from '../../sign-in/apply-sign-in.ts'
import { refuseLockOut } from '../../sign-in/lock-out.ts'
import { applicationChange } from '../fields.ts'
import { signInItem } from '../item.ts'
import { pathBetween } from '../paths.ts'
import type { PlannedChange } from '../plan.ts'
import { changedFields } from './directory-steps.ts'
import { type Applying, ranks, requireOrganizationId, type Step } from './step.ts'

/** The steps of a change of an application or its policies; none for others. */
export function applicationSteps(applying: Applying, change: PlannedChange): Step[] {
  switch (change.kind) {
    case 'application':
      return ofApplication(applying, change)
    case 'policies':
      return [{ rank: ranks.policies, change, run: () => activate(applying, change) }]
    default:
      return []
  }
}

function ofApplication({ tx, deps, act, names, applications }: Applying, change: PlannedChange): Step[] {
  const { name, organization, action } = change
  let id = (change.known?.object as Application | undefined)?.id as ApplicationId
  if (action === 'delete')
    return [{ rank: ranks.deleteApplication, change, run: () => moveApplicationIn(tx, deps, act, id, 'delete') }]
  const moves = pathBetween(change) as ApplicationTransition[]
  const raises = change.wanted?.fields.state === 'active'
  const move = async () => {
    for (const transition of moves) await moveApplicationIn(tx, deps, act, id, transition)
  }
  const first: Step['run'] = async () => {
    const { kind, ...rest } = changedFields(change)
    const fields = applicationChange(rest)
    if (action === 'create') {
      const home = (await requireOrganizationId(names, organization)) as OrganizationId
      const input = { name, kind: kind ?? 'web', ...fields } as ApplicationInput
      const made = await addApplication(tx, deps, act, home, input)
      id = made.id
      applications.set(`${organization}/${name}`, made)
      names.learn({ kind: 'application', organization, name }, id)
    } else if (kind !== undefined)
      throw new Fault('policies.reference_unknown', {
        detail: 'the kind of an application cannot change: give another name',
      })
    else if (Object.keys(fields).length > 0) await changeApplication(tx, deps, act, id, fields)
    if (raises) await move()
  }
  const last = raises || moves.length === 0 ? [] : [{ rank: ranks.lowerApplication, change, run: move }]
  return [{ rank: ranks.application, change, run: first }, ...last]
}

/** An application that is or was just made. @throws {Fault} `policies.reference_unknown` */
export function requireMade({ applications }: Applying, change: PlannedChange, name: string): Application {
  const found = applications.get(`${change.organization}/${name}`)
  if (found !== undefined) return found
  throw new Fault('policies.reference_unknown', { detail: `there is no application ${name} in ${change.organization}` })
}

async function activate(applying: Applying, change: PlannedChange): Promise<void> {
  const { tx, deps, act, wanted } = applying
  const signIn = change.name === signInItem
  const application = signIn ? await signInOwnerOf(applying, change) : requireMade(applying, change, change.name)
  const check = wanted.bundles.get(`${change.organization}/${change.name}`)
  if (check === undefined) throw new TypeError(`${change.name} has no bundle`)
  const bundle = requireChecked(check)
  if (signIn) await refuseLockOut(tx, deps, application.organizationId, bundle, act.address)
  await insertBundle(tx, application, bundle, deps.clock.nowMs())
  const { hash, templates } = bundle
  const expected = (change.known?.object as Activation | undefined)?.number ?? 0
  const candidate = { hash, templates, kind: 'apply', comment: 'configuration', expected } as const
  await activateBundle(tx, deps, act, application, candidate)
}

async function signInOwnerOf({ names }: Applying, { organization }: PlannedChange) {
  const id = (await requireOrganizationId(names, organization)) as OrganizationId
  return signInOwner({ id, name: organization })
}
