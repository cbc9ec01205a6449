import { type Organization, requireOrganization } from '#directory'
import { type Act, type ApplicationId, Fault, type OrganizationId } from '#kernel'
import type { Reader, Written } from '#storage'
import { activateBundle } from '../bundles/activate-bundle.ts'
import { type ApplyOptions, requireChecked } from '../bundles/apply-bundle.ts'
import {
  type Activation,
  type BundleOwner,
  findActivation,
  findBundle,
  insertBundle,
  listActivations,
} from '../bundles/bundle.store.ts'
import type { BundleCheck } from '../bundles/check-bundle.ts'
import type { PoliciesDeps } from '../deps.ts'
import { checkSignInPolicy } from './check-sign-in.ts'
import { refuseLockOut } from './lock-out.ts'

/** An organization's sign-in policies are the bundle that stands under its own id. */
export const signInOwner = ({
  id,
  name,
}: Pick<Organization, 'id' | 'name'>): BundleOwner & { readonly name: string } => ({
  id: id as string as ApplicationId,
  organizationId: id,
  name,
})

/**
 * Checks sign-in policies and puts them in force; no files at all take every policy away.
 * @throws {Fault} `directory.organization_unknown`, `authorization.denied`, `policies.bundle_invalid` with `problems`,
 * `policies.locks_out`, `policies.activated_meanwhile`, `web.revision_conflict`
 */
export async function applySignInPolicy(
  deps: PoliciesDeps,
  act: Act,
  id: OrganizationId,
  files: Readonly<Record<string, string>>,
  options: ApplyOptions = {},
): Promise<Written<{ readonly activation: Activation; readonly check: BundleCheck }>> {
  const { db } = deps.storage
  const owner = signInOwner(await requireOrganization(db, id))
  deps.gate.require(act, 'applyPolicies', { type: 'Organization', id })
  const expected = await expectedNumber(db, owner, options.ifRevision)
  const check = await checkSignInPolicy(files)
  const bundle = requireChecked(check)
  await refuseLockOut(db, deps, id, bundle, act.address)
  const { value, at } = await deps.storage.write(async (tx) => {
    await insertBundle(tx, owner, bundle, deps.clock.nowMs())
    const candidate = { hash: bundle.hash, templates: [], kind: 'apply', comment: options.comment, expected } as const
    return activateBundle(tx, deps, act, owner, candidate)
  })
  return { value: { activation: value, check }, at }
}

/**
 * Puts former sign-in policies in force again; without a hash, those before the present ones.
 * @throws {Fault} `policies.bundle_unknown`, and as `applySignInPolicy`
 */
export async function rollBackSignInPolicy(
  deps: PoliciesDeps,
  act: Act,
  id: OrganizationId,
  hash: string | undefined,
  options: ApplyOptions = {},
): Promise<Written<Activation>> {
  const { db } = deps.storage
  const owner = signInOwner(await requireOrganization(db, id))
  deps.gate.require(act, 'rollBackPolicies', { type: 'Organization', id })
  const expected = await expectedNumber(db, owner, options.ifRevision)
  const [, former] = await listActivations(db, owner, Number.MAX_SAFE_INTEGER, 2)
  const wanted = hash ?? former?.hash
  const bundle = wanted === undefined ? undefined : await findBundle(db, owner, wanted)
  if (bundle === undefined) throw new Fault('policies.bundle_unknown')
  await refuseLockOut(db, deps, id, { ...bundle, files: Object.entries(bundle.files) }, act.address)
  return deps.storage.write((tx) => {
    const candidate = {
      hash: bundle.hash,
      templates: [],
      kind: 'rollback',
      comment: options.comment,
      expected,
    } as const
    return activateBundle(tx, deps, act, owner, candidate)
  })
}

async function expectedNumber(db: Reader, owner: BundleOwner, ifRevision: number | undefined): Promise<number> {
  const number = (await findActivation(db, owner))?.number ?? 0
  if (ifRevision !== undefined && ifRevision !== number) throw new Fault('web.revision_conflict')
  return number
}
