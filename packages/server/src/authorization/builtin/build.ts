import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The path of a file of the built-in bundle. */
export function builtinFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

/**
 * Makes the text of `roles.est.json` from the bundle's sources. Loads the reference implementation, so it is for tools and
 * tests, never for a start.
 * @throws {Error} when the bundle does not validate against its schema, or a policy has no `@id`
 */
export async function buildBuiltin(): Promise<string> {
  const { PolicySet, Schema } = await import('@gatehouse/cedar')
  const text = readFileSync(builtinFile('roles.cedar'), 'utf8')
  const schema = readFileSync(builtinFile('gatehouse.cedarschema'), 'utf8')
  const parsed = PolicySet.parse(text, { ids: 'annotation' })
  const { errors } = parsed.validate(schema)
  if (errors.length > 0) throw new Error(`the built-in bundle is not valid: ${JSON.stringify(errors)}`)
  const sets = parsed.toJson() as { staticPolicies: Record<string, Est>; templates: Record<string, Est> }
  const actions = Schema.parse(schema)
    .actions()
    .map((action) => action.id)
  const lines = [
    '{',
    `"hash": ${JSON.stringify(createHash('sha256').update(schema).update(text).digest('hex'))},`,
    `"actions": ${JSON.stringify(actions.sort())},`,
    `"staticPolicies": {\n${named(sets.staticPolicies)}\n},`,
    `"templates": {\n${named(sets.templates)}\n}`,
    '}',
  ]
  return `${lines.join('\n')}\n`
}

interface Est {
  annotations?: Record<string, string>
}

function named(policies: Record<string, Est>): string {
  const byId = Object.values(policies).map((policy) => {
    const id = policy.annotations?.id
    if (id === undefined) throw new Error('every policy of the built-in bundle has an @id')
    return `${JSON.stringify(id)}: ${JSON.stringify(policy)}`
  })
  return byId.join(',\n')
}
