import { factorsRequired } from '#authorization'
import { manifestFile, schemaFile } from '../bundles/bundle-files.ts'
import { type BundleCheck, type BundleRules, checkBundle } from '../bundles/check-bundle.ts'
import { type Problems, placeIn } from '../places/problem.ts'
import { baseFile, basePolicy, signInSchema, usualCircumstances } from './sign-in-schema.ts'

/**
 * Checks the sign-in policies of an organization: as a bundle, against the fixed schema, with their tests. They only forbid:
 * what they do not forbid is as Gatehouse's own rules have it.
 * @param sent `*.cedar`, `tests/*.yaml`, `*.md`; a schema beside them is left aside, for ours counts
 */
export function checkSignInPolicy(sent: Readonly<Record<string, string>>): Promise<BundleCheck> {
  return checkBundle({ ...sent, [schemaFile]: signInSchema, [baseFile]: basePolicy }, rules)
}

/** The files as their author wrote them. */
export const ownFiles = (files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).filter(([path]) => path !== schemaFile && path !== baseFile))

const rules: BundleRules = {
  usualContext: usualCircumstances,
  errorsDeny: true,
  checkPolicies: (policies, files, problems) => {
    if (files.has(manifestFile)) problems.ofFile(manifestFile, 'sign-in policies have no manifest')
    for (const { file, at, id, isTemplate, est } of policies) {
      if (file === baseFile) continue
      const say = (says: string, help?: string) => tell(files.get(file) as string, problems, { file, at, says, help })
      if (isTemplate) say(`${id} is a template: nobody is granted a sign-in policy`)
      if (est.effect === 'permit')
        say(
          `${id} permits: sign-in policies only forbid`,
          'what none of them forbids is permitted already; write forbid … unless { … }',
        )
      const { require: required, obligation } = est.annotations ?? {}
      if (obligation !== undefined) say(`${id}: a sign-in policy names the factor still needed by @require("passkey")`)
      if (required !== undefined && !factorsRequired.some((factor) => factor === required))
        say(`${id}: @require names one of ${factorsRequired.join(', ')}`)
    }
  },
}

function tell(
  text: string,
  problems: Problems,
  { file, at, says, help }: { file: string; at: number; says: string; help: string | undefined },
): void {
  problems.add({ file, ...placeIn(text, at), says, ...(help !== undefined && { help }) })
}
