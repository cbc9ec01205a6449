import { type Application, requireApplication } from '#directory'
import { type Act, type ApplicationId, Fault } from '#kernel'
import type { Reader, Written } from '#storage'
import type { PoliciesDeps } from '../deps.ts'
import '../faults.ts'
import { sayProblems } from '../places/problem.ts'
import { activateBundle, danglingGrants } from './activate-bundle.ts'
import { type Activation, findActivation, findBundle, insertBundle, listActivations } from './bundle.store.ts'
import { type BundleCheck, type CheckedBundle, checkBundle } from './check-bundle.ts'
import { type BundleDiff, diffBundles } from './diff-bundles.ts'

export interface ApplyOptions {
  readonly comment?: string | undefined
  /** The activation that the caller has looked at, from `If-Match`; 0 for none. */
  readonly ifRevision?: number | undefined
}

export interface Applied {
  readonly activation: Activation
  readonly check: BundleCheck
}

/**
 * Checks a bundle and puts it in force. Nothing changes unless everything is right.
 * @throws {Fault} `directory.application_unknown`, `authorization.denied`, `policies.bundle_invalid` with `problems`,
 * `policies.grants_dangle`, `policies.activated_meanwhile`, `web.revision_conflict`
 */
export async function applyBundle(
  deps: PoliciesDeps,
  act: Act,
  id: ApplicationId,
  files: Readonly<Record<string, string>>,
  options: ApplyOptions = {},
): Promise<Written<Applied>> {
  const application = await requireApplication(deps.storage.db, id)
  deps.gate.require(act, 'applyPolicies', { type: 'Application', id })
  const expected = await expectedNumber(deps.storage.db, application, options.ifRevision)
  const check = await checkBundle(files)
  const bundle = requireChecked(check)
  const { value, at } = await deps.storage.write(async (tx) => {
    await insertBundle(tx, application, bundle, deps.clock.nowMs())
    const { hash, templates } = bundle
    return activateBundle(tx, deps, act, application, {
      hash,
      templates,
      kind: 'apply',
      comment: options.comment,
      expected,
    })
  })
  return { value: { activation: value, check }, at }
}

/** What applying would do, without doing it. */
export interface DryRun {
  readonly check: BundleCheck
  /** Against what is in force; undefined when the bundle is refused. */
  readonly diff: BundleDiff | undefined
  /** Grants in force that name a role which the bundle lacks; applying refuses then. */
  readonly dangling: readonly { readonly id: string; readonly role: string }[]
}

/** @throws {Fault} `directory.application_unknown`, `authorization.denied` */
export async function validateBundle(
  deps: PoliciesDeps,
  act: Act,
  id: ApplicationId,
  files: Readonly<Record<string, string>>,
): Promise<DryRun> {
  const { db } = deps.storage
  const application = await requireApplication(db, id)
  deps.gate.require(act, 'viewPolicies', { type: 'Application', id })
  const check = await checkBundle(files)
  if (check.bundle === undefined) return { check, diff: undefined, dangling: [] }
  const active = await findActivation(db, application)
  const before = active && (await findBundle(db, application, active.hash))
  const { files: sent, policies, hash, templates } = check.bundle
  const dangling = await danglingGrants(db, application, templates, deps.clock.nowMs())
  return {
    check,
    diff: diffBundles(before, { files: Object.fromEntries(sent), policies, hash }),
    dangling: dangling.map(({ id, role }) => ({ id, role })),
  }
}

/**
 * Puts a former bundle of the application in force again. It was checked when it was applied; its tests need not run again.
 * @throws {Fault} `policies.bundle_unknown`, and as `applyBundle`
 */
export async function rollBackBundle(
  deps: PoliciesDeps,
  act: Act,
  id: ApplicationId,
  hash: string | undefined,
  options: ApplyOptions = {},
): Promise<Written<Activation>> {
  const application = await requireApplication(deps.storage.db, id)
  deps.gate.require(act, 'rollBackPolicies', { type: 'Application', id })
  const { db } = deps.storage
  const expected = await expectedNumber(db, application, options.ifRevision)
  const wanted = hash ?? (await formerHash(db, application))
  return deps.storage.write(async (tx) => {
    const bundle = await findBundle(tx, application, wanted)
    if (bundle === undefined) throw new Fault('policies.bundle_unknown')
    const candidate = { hash: wanted, templates: bundle.templates, comment: options.comment, expected }
    return activateBundle(tx, deps, act, application, { ...candidate, kind: 'rollback' })
  })
}

/** The bundle that was in force before the present one. */
async function formerHash(db: Reader, application: Application): Promise<string> {
  const [, former] = await listActivations(db, application, Number.MAX_SAFE_INTEGER, 2)
  if (former === undefined)
    throw new Fault('policies.bundle_unknown', { detail: 'There is no former bundle to go back to' })
  return former.hash
}

async function expectedNumber(db: Reader, application: Application, ifRevision: number | undefined): Promise<number> {
  const active = await findActivation(db, application)
  const number = active?.number ?? 0
  if (ifRevision !== undefined && ifRevision !== number) throw new Fault('web.revision_conflict')
  return number
}

/** The bundle of a check that found nothing wrong. @throws {Fault} `policies.bundle_invalid` with everything found */
export function requireChecked(check: BundleCheck): CheckedBundle {
  if (check.bundle !== undefined) return check.bundle
  throw new Fault('policies.bundle_invalid', {
    detail: sayProblems(check.problems),
    extra: { problems: check.problems },
  })
}
