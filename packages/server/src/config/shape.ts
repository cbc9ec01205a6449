import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** Where a value differs first from a JSON schema, as a JSON pointer, and how; undefined when it does not. The validator is loaded when first asked. */
export function findShapeProblem(
  schema: object,
  value: unknown,
): { instancePath: string; message: string } | undefined {
  const { Ajv } = require('ajv') as typeof import('ajv')
  const check = new Ajv().compile(schema)
  if (check(value)) return undefined
  const problem = check.errors?.[0]
  const extra = problem?.params.additionalProperty as string | undefined
  return extra === undefined
    ? { instancePath: problem?.instancePath ?? '', message: problem?.message ?? 'has not the right shape' }
    : { instancePath: `${problem?.instancePath}/${extra}`, message: 'is not a setting' }
}
