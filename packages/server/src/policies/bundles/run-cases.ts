import { type Decision, Entities, type PolicySet, type Schema } from '@gatehouse/cedar'
import type { Problems } from '../places/problem.ts'
import { parseUid } from '../places/uid.ts'
import { problemAt } from '../places/yaml.ts'
import type { Case, CaseEntity } from './cases.ts'
import { usualAttributes } from './prelude.ts'

/** How one case of a bundle's tests ended. */
export interface CaseResult {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly passed: boolean
  readonly decision: 'allow' | 'deny'
  /** The deciding policies; a grant stands by the id of its template. */
  readonly because: readonly string[]
}

/** How cases are asked. */
export interface CaseRules {
  /** Context that a case need not write out. */
  readonly usualContext?: Readonly<Record<string, unknown>>
  /** Whether one policy that errs denies, whatever the others say. */
  readonly errorsDeny?: boolean
}

/**
 * Asks the engine every case, on the entities and grants that the case supposes. A wrong answer, or other deciding policies than
 * the case names, is a problem at its place; so is a case whose entities or question do not fit the schema.
 */
export async function runCases(
  cases: readonly Case[],
  set: PolicySet,
  schema: Schema,
  problems: Problems,
  rules: CaseRules = {},
): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  for (const [index, one] of cases.entries()) {
    if (index % 50 === 49) await new Promise((resolve) => setImmediate(resolve))
    const result = runCase(one, set, schema, problems, rules)
    if (result !== undefined) results.push(result)
  }
  return results
}

function runCase(
  one: Case,
  set: PolicySet,
  schema: Schema,
  problems: Problems,
  { usualContext, errorsDeny }: CaseRules,
): CaseResult | undefined {
  const linked: string[] = []
  const templates = new Map<string, string>()
  try {
    for (const grant of one.grants) {
      if (set.slots(grant.role) === undefined)
        return problemAt(grant.at, problems, `there is no template with @id("${grant.role}")`)
      const id = `grant ${linked.length + 1} of ${grant.role}`
      set.link({ template: grant.role, id, principal: grant.principal, resource: grant.resource })
      linked.push(id)
      templates.set(id, grant.role)
    }
    const entities = supposedEntities(one, schema, problems)
    if (entities === undefined) return undefined
    const { principal, action, resource } = one
    const context = { ...usualContext, ...(namedEntities(one.context) as object) }
    const asked = set.authorize(schema.request({ principal, action, resource, context }), entities)
    const denied = errorsDeny === true && asked.errors.length > 0
    return judge(one, denied ? { ...asked, decision: 'deny', reasons: [] } : asked, templates, problems)
  } catch (error) {
    return problemAt(one.at, problems, `test ${JSON.stringify(one.name)}: ${(error as Error).message}`)
  } finally {
    for (const id of linked) set.unlink(id)
  }
}

function supposedEntities(one: Case, schema: Schema, problems: Problems): Entities | undefined {
  const entities = new Entities()
  for (const action of schema.actions()) entities.setEntity(action)
  const known = new Set(schema.entityTypes())
  const asked = [one.principal, one.resource].filter((uid) => Object.keys(usualAttributes(uid.type, uid.id)).length > 0)
  const named = new Set(one.entities.map(({ uid }) => `${uid.type} ${uid.id}`))
  const usual = asked
    .filter((uid) => !named.has(`${uid.type} ${uid.id}`))
    .map((uid): CaseEntity => ({ uid, parents: [], attrs: {}, tags: {}, at: one.at }))
  for (const { uid, parents, attrs, tags, at } of [...one.entities, ...usual]) {
    if (!known.has(uid.type)) return problemAt(at, problems, `the schema has no entity type ${uid.type}`)
    const whole = { ...usualAttributes(uid.type, uid.id), ...(namedEntities(attrs) as object) }
    const json = { uid, parents, attrs: whole, ...(Object.keys(tags).length > 0 && { tags }) }
    try {
      entities.setEntity(schema.entity(json))
    } catch (error) {
      return problemAt(at, problems, (error as Error).message)
    }
  }
  return entities
}

/** Makes `{ __entity: 'User::"alice"' }`, at any depth, into Cedar's JSON form. */
export function namedEntities(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(namedEntities)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
  const written = members.length === 1 && members[0]?.[0] === '__entity' ? members[0][1] : undefined
  const uid = typeof written === 'string' ? parseUid(written) : undefined
  if (uid !== undefined) return { __entity: uid }
  return Object.fromEntries(members.map(([key, inner]) => [key, namedEntities(inner)]))
}

function judge(
  one: Case,
  { decision, reasons, errors }: Decision,
  templates: ReadonlyMap<string, string>,
  problems: Problems,
): CaseResult {
  const because = [...new Set(reasons.map((id) => templates.get(id) ?? id))].sort()
  const expected = one.because === undefined ? undefined : [...one.because].sort()
  const right = decision === one.expect && (expected === undefined || expected.join('\n') === because.join('\n'))
  if (!right) {
    const why = because.length === 0 ? 'no policy decides' : `because of ${because.join(', ')}`
    const wanted =
      expected === undefined || decision !== one.expect ? '' : ` because of ${expected.join(', ') || 'no policy'}`
    const erred = errors.length === 0 ? '' : `; ${errors.map(({ message }) => message).join('; ')}`
    const says = `test ${JSON.stringify(one.name)} fails: expected ${one.expect}${wanted}, got ${decision}, ${why}${erred}`
    problemAt(one.at, problems, says)
  }
  const { line } = one.at.lines.linePos(one.at.node?.range?.[0] ?? one.at.at)
  return { name: one.name, file: one.at.file, line, passed: right, decision, because }
}
