import { CedarRecord, Entities, PolicySet, type Value, valueFromJson } from '@gatehouse/cedar'
import { policyOf } from '#directory'

const kept = new Map<string, PolicySet>()
const keptMost = 500
const valuesMost = 2_000

/**
 * Whether the claims of an assertion fulfil a trust's condition. Pure; whatever goes wrong, a claim that is not there among it, says
 * no.
 */
export function fulfils(condition: string, claims: Readonly<Record<string, unknown>>, machineId: string): boolean {
  try {
    const { decision, errors } = compiled(condition).authorize(
      {
        principal: { type: 'Gatehouse::Workload', id: String(claims.sub) },
        action: { type: 'Gatehouse::Action', id: 'assume' },
        resource: { type: 'Machine', id: machineId },
        context: CedarRecord.of([['claims', recordOf(claims)]]),
      },
      new Entities(),
    )
    return decision === 'allow' && errors.length === 0
  } catch {
    return false
  }
}

function compiled(condition: string): PolicySet {
  const known = kept.get(condition)
  if (known !== undefined) return known
  const set = PolicySet.parse(policyOf(condition))
  if (kept.size >= keptMost) kept.delete(kept.keys().next().value as string)
  kept.set(condition, set)
  return set
}

/** Claims as Cedar values. What Cedar does not have (null, a fraction) is left out, so that asking for it says no. */
function recordOf(claims: Readonly<Record<string, unknown>>): Value {
  return valueFromJson(plain(claims), 'claims', { left: valuesMost })
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain).filter((item) => item !== undefined)
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null) return undefined
  // Names that Cedar's JSON gives a meaning to are claims like any other here, and none that a condition can ask for.
  const entries = Object.entries(value).filter(([name]) => !/^__(entity|extn|expr)$/.test(name))
  return Object.fromEntries(
    entries.map(([name, inner]) => [name, plain(inner)]).filter(([, inner]) => inner !== undefined),
  )
}
