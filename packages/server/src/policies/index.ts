import type { BundleSource } from '#authorization'
import type { Migration } from '#storage'
import type { Operation } from '#web'
import { bundleOperations } from './bundles/bundle.routes.ts'
import { bundleMigrations, loadActive, loadAllActive } from './bundles/bundle.store.ts'
import { configurationOperations } from './configuration/configuration.routes.ts'
import type { PoliciesDeps } from './deps.ts'
import { signInPolicyOperations } from './sign-in/sign-in-policy.routes.ts'

export { applyBundle, rollBackBundle, validateBundle } from './bundles/apply-bundle.ts'
export { type Activation, findActivation, findBundle, listActivationsSince } from './bundles/bundle.store.ts'
export { type BundleCheck, type CheckedBundle, checkBundle } from './bundles/check-bundle.ts'
export { applyConfiguration, type ConfigurationInput, planConfiguration } from './configuration/configure.ts'
export { exportConfiguration } from './configuration/export-configuration.ts'
export { type Change, type Plan, showChange } from './configuration/plan.ts'
export type { PoliciesDeps, WaysIn } from './deps.ts'

export const policiesMigrations: readonly Migration[] = [...bundleMigrations]

/** The bundles in force, for the snapshot. */
export const activeBundles: BundleSource = { loadAllActive, loadActive }

export function policiesOperations(deps: PoliciesDeps): Operation[] {
  return [...bundleOperations(deps), ...signInPolicyOperations(deps), ...configurationOperations(deps)]
}
