import { PolicySet } from '@gatehouse/cedar'
import { type Problems, placeIn } from '../places/problem.ts'
import { type BundleFiles, bundleLimits, kindOf } from './bundle-files.ts'
import { cutStatements, tooDeepAt } from './cedar-text.ts'

/** Cedar's JSON form of one policy or template, as far as this room looks into it. */
export interface PolicyEst {
  readonly effect: 'permit' | 'forbid'
  readonly annotations?: Readonly<Record<string, string | null>>
  readonly [member: string]: unknown
}

/** One policy or template with where it stands. */
export interface ReadPolicy {
  /** Its `@id`, else the file's name without `.cedar`, `#` and its number in the file. */
  readonly id: string
  readonly file: string
  /** Offset in the file. */
  readonly at: number
  readonly text: string
  readonly isTemplate: boolean
  readonly est: PolicyEst
}

/** The name of a policy without `@id`. */
function usualId(file: string, number: number): string {
  return `${file.replace(/\.cedar$/, '')}#${number}`
}

/** Reads every policy and template of the `.cedar` files, in order. Tells what does not parse and ids that clash. */
export function readPolicies(files: BundleFiles, problems: Problems): ReadPolicy[] {
  const read: ReadPolicy[] = []
  const byId = new Map<string, ReadPolicy>()
  for (const [file, text] of files) {
    if (kindOf(file) !== 'policies') continue
    const deep = tooDeepAt(text, bundleLimits.depth)
    if (deep !== undefined) {
      problems.add({ file, ...placeIn(text, deep), says: `brackets nest deeper than ${bundleLimits.depth}` })
      continue
    }
    for (const [index, statement] of cutStatements(text).entries()) {
      if (read.length >= bundleLimits.policies) {
        problems.ofFile(file, `the bundle has more than ${bundleLimits.policies} policies`)
        return read
      }
      const policy = readOne(file, text, statement, index + 1, problems)
      if (policy === undefined) continue
      const same = byId.get(policy.id)
      if (same !== undefined) {
        const first = placeIn(files.get(same.file) as string, same.at)
        const says = `the id ${JSON.stringify(policy.id)} is taken by ${same.file}:${first.line}`
        problems.add({ file, ...placeIn(text, policy.at), says, help: 'give each its own @id' })
        continue
      }
      byId.set(policy.id, policy)
      read.push(policy)
    }
  }
  return read
}

const idShape = /^[\w.:#/@ -]{1,200}$/

function readOne(
  file: string,
  whole: string,
  statement: { text: string; at: number; isTemplate: boolean },
  number: number,
  problems: Problems,
): ReadPolicy | undefined {
  try {
    const parsed = PolicySet.parse(statement.text).toJson() as {
      staticPolicies?: Record<string, PolicyEst>
      templates?: Record<string, PolicyEst>
    }
    const est = [...Object.values(parsed.staticPolicies ?? {}), ...Object.values(parsed.templates ?? {})][0]
    if (est === undefined) return undefined
    const id = est.annotations?.id ?? usualId(file, number)
    if (!idShape.test(id)) {
      const says = `the @id ${JSON.stringify(id.slice(0, 80))} must be 1 to 200 letters, digits, spaces and _ . : # / @ -`
      return problems.add({ file, ...placeIn(whole, statement.at), says })
    }
    return { id, file, at: statement.at, text: statement.text, isTemplate: statement.isTemplate, est }
  } catch (error) {
    return problems.add({ file, ...placeOfCedarError(error, whole, statement.at) })
  }
}

interface Placed {
  line: number
  column: number
  says: string
  help?: string
}

/** Where and what a `CedarError` says, moved from the piece that was parsed (at `offset`) to the file it stands in. */
export function placeOfCedarError(error: unknown, whole: string, offset: number): Placed {
  const found = error as { message?: string; line?: number; column?: number; help?: string }
  const start = placeIn(whole, offset)
  const line = found.line ?? 1
  const column = found.column ?? 1
  const says = (found.message ?? String(error)).replace(/ \(line \d+, column \d+\)$/, '')
  return {
    line: start.line + line - 1,
    column: line === 1 ? start.column + column - 1 : column,
    says,
    ...(found.help !== undefined && { help: found.help }),
  }
}
